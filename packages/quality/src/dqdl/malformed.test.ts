import { describe, expect, it } from '@jest/globals'
import { parseRuleset } from './parse.js'

/** A malformed document, the column (or line:column) of its error, and a word of what is said. */
const malformed: readonly (readonly [string, string, string])[] = [
  // The document
  ['', '1', 'no rules'],
  ['# only a comment', '17', 'no rules'],
  ['Rules = [ ]', '12', 'no rules'],
  ['Rules = [', '10', 'rule type'],
  ['Rules = ]', '9', 'expected "["'],
  ['Rules = { RowCount > 1 }', '9', 'expected "["'],
  ['Rules [ RowCount > 1 ]', '7', 'expected "="'],
  ['Rules = [ RowCount > 1', '23', 'expected "]"'],
  ['Rules = [ RowCount > 1 ] ]', '26', 'not expected'],
  ['Rules = [ RowCount > 1, ]', '25', 'rule type'],
  ['Rules = [ , RowCount > 1 ]', '11', 'rule type'],
  ['Rules = [ RowCount > 1 RowCount > 2 ]', '24', 'expected "]"'],
  ['Rules = [ RowCount > 1 ] Rules = [ RowCount > 1 ]', '26', 'not expected'],
  ['Analyzers = [ RowCount ] Rules = [ RowCount > 1 ]', '26', 'not expected'],
  ['rules = [ RowCount > 1 ]', '11', 'text in quotes'],
  ['Rules = [\n  RowCount > 1,\n  IsComplet "a"\n]', '3:3', 'not a rule type'],
  ['Rules = [ 11Rows > 1 ]', '11', 'rule type'],
  ['Rules = [ "RowCount" > 1 ]', '11', 'rule type'],
  ['Rules = [ RowCount > 1; RowCount < 3 ]', '23', '";" is not expected'],
  ['Metadata = {} Rules = [ RowCount > 1 ]', '13', 'key in quotes'],
  ['Metadata = { "Versoin": "1.0" } Rules = [ RowCount > 1 ]', '14', 'known are Version'],
  ['Metadata = { "Version" "1.0" } Rules = [ RowCount > 1 ]', '24', 'expected ":"'],
  ['DataSources = { "Primary": 1 } Rules = [ RowCount > 1 ]', '28', 'value in quotes'],
  ['DataSources = { "Secondary": "x" } Rules = [ RowCount > 1 ]', '17', 'known are Primary'],
  // Texts
  ['IsComplete "a', '12', 'has no end'],
  ['IsComplete "a\\"', '12', 'has no end'],
  ["IsComplete 'a'", '12', 'not expected'],
  ['RowCount ~ 3', '10', 'not expected'],
  ['RowCount ! 3', '10', 'not expected'],
  // Rule types and parameters
  ['constructor "id"', '1', 'not a rule type'],
  ['toString "id"', '1', 'not a rule type'],
  ['AllStatistics "a"', '1', 'is an analyzer'],
  ['IsComplete', '1', 'needs a column'],
  ['IsComplete > 1', '1', 'needs a column'],
  ['IsComplete "a" "b"', '16', 'one parameter more'],
  ['RowCount "id" > 100', '10', 'one parameter more'],
  ['ColumnExists "a" "b"', '18', 'one parameter more'],
  ['ColumnCorrelation "a" > 0.5', '1', 'a second column'],
  ['ColumnCorrelation "a" and > 0.5', '27', 'expected a column'],
  ['Completeness of > 0.5', '17', 'expected a column'],
  ['ReferentialIntegrity "a" = 1', '1', 'a table and its columns'],
  ['ReferentialIntegrity "a" "other" = 1', '26', 'table.column'],
  ['ReferentialIntegrity "a,b" "other.{x}" = 1', '28', '2 columns cannot refer to 1'],
  ['DatasetMatch "other" > 0.5', '1', 'key columns'],
  ['RowCountMatch > 0.1', '1', 'needs a table'],
  ['AggregateMatch "sum(a)" > 0.1', '1', 'another aggregate'],
  ['AggregateMatch "median(a)" "sum(a)" > 0.1', '16', 'sum(column)'],
  ['ColumnNamesMatchPattern "("', '25', 'not a regular expression'],
  ['DetectAnomalies', '1', 'needs a metric'],
  ['DetectAnomalies "IsComplete" "a"', '17', 'not a metric'],
  ['Analyzers = [ IsComplete "a" ]', '15', 'not an analyzer'],
  ['Analyzers = [ Completeness ]', '15', 'needs a column'],
  ['Analyzers = [ RowCount > 1 ]', '24', 'expected "]"'],
  // Conditions
  ['Completeness "a"', '1', 'needs a condition'],
  ['IsComplete "a" > 0.5', '16', 'takes no condition'],
  ['IsUnique "a" <= 1.5', '14', 'takes no condition'],
  ['ColumnExists "a" = 1', '18', 'takes no condition'],
  ['RowCount >', '11', 'expected a value'],
  ['RowCount > "many"', '12', 'expected a number'],
  ['RowCount > NULL', '12', 'expected a number'],
  ['RowCount > 1 2', '14', 'not expected after'],
  ['RowCount => 1', '11', 'expected a value'],
  ['RowCount == 1', '11', 'expected a value'],
  ['RowCount between 1', '19', 'expected "and"'],
  ['RowCount between 1 or 2', '20', 'expected "and"'],
  ['RowCount between 5 and 1', '10', 'nothing is between'],
  ['RowCount not 5', '14', 'after "not"'],
  ['RowCount in 5', '13', 'expected "["'],
  ['RowCount in []', '14', 'expected a value'],
  ['RowCount in [1, 2', '18', 'expected "]"'],
  ['RowCount matches "a"', '18', 'expected a number'],
  ['Mean "a" > 3 days', '12', 'expected a number'],
  ['ColumnValues "a" in [1, "2"]', '25', 'of one kind'],
  ['ColumnValues "a" > NULL', '20', 'needs a value'],
  ['ColumnValues "a" matches', '25', 'regular expression in quotes'],
  ['ColumnValues "a" matches "["', '26', 'not a regular expression'],
  ['ColumnValues "a" > (now() - 3 weeks)', '31', 'not a unit'],
  ['ColumnValues "a" > (now() 3 days)', '27', 'expected "+"'],
  ['ColumnValues "a" > now', '23', 'expected "("'],
  ['ColumnValues "a" > 3 MB', '20', 'not compared with 3 MB'],
  ['ColumnValues "a" > avg(last(3))', '20', 'earlier metrics'],
  ['ColumnLength "a" > "b"', '20', 'expected a number'],
  ['ColumnDataType "a" = "Integr"', '22', 'not a type'],
  ['ColumnDataType "a" > "Integer"', '20', 'compared by'],
  ['DataFreshness "a" <= 3', '22', 'days, hours or minutes'],
  ['DataFreshness "a" <= 9:30', '23', 'not expected'],
  ['DataFreshness "a" between 2 and 4 days', '27', 'days, hours or minutes'],
  ['FileSize > 5', '12', 'B, KB, MB'],
  ['FileFreshness > "noon"', '17', 'a date, a time'],
  ['FileMatch "a"', '1', 'two paths'],
  ['FileMatch in ["x"] with hashAlgorithm = "CRC"', '41', 'not a hash algorithm'],
  ['FileFreshness > "9:30" with recentFiles = "all"', '43', 'number of files'],
  // Earlier metrics
  ['RowCount > last(10)', '12', 'a list of metrics'],
  ['RowCount > mean(last(10))', '12', 'no function "mean"'],
  ['RowCount > avg()', '12', 'takes 1 argument'],
  ['RowCount > index(last(3))', '12', 'takes 2 arguments'],
  ['RowCount > avg(last(10)', '24', 'expected ","'],
  ['RowCount > 2 *', '15', 'expected a value'],
  ['RowCount > (1 + 2', '18', 'expected ")"'],
  ['RowCount > abs(last(3))', '16', 'not a list'],
  // where, with, labels
  ['IsComplete "a" where', '21', 'condition in quotes'],
  ['IsComplete "a" where ""', '22', 'empty'],
  ['IsComplete "a" where "b >"', '26', 'ends too early'],
  ['IsComplete "a" where "b > 1 c"', '29', '"c" is not expected'],
  ['IsComplete "a" where "b ? 1"', '25', 'not expected'],
  ['IsComplete "a" where "nofunction(b) > 1"', '23', 'no function'],
  ['ColumnCount > 1 where "a > 1"', '23', 'has no `where`'],
  ['IsComplete "a" with threshold > 0.5', '16', 'has no threshold'],
  ['ColumnValues "a" > 1 with', '26', '"threshold"'],
  ['ColumnValues "a" > 1 with threshold', '36', 'expected a condition'],
  ['ColumnValues "a" > 1 with treshold > 0.5', '22', 'it takes threshold'],
  ['ColumnValues "a" > 1 with threshold > 0.5 with threshold > 0.6', '43', 'given twice'],
  ['IsComplete "a" labels=["x"]', '27', 'expected "="'],
  ['IsComplete "a" labels=["x"="1", "x"="2"]', '33', 'given twice'],
  // Variables
  ['IsComplete $a', '12', 'no variable "$a"'],
  ['a = "x"\na = "y"\nRules = [ IsComplete $a ]', '2:1', 'has a value already'],
  ['a = "x" b = $a Rules = [ IsComplete $b ]', '13', 'made of another'],
  ['a = ["x", "y"] Rules = [ IsComplete $a ]', '37', 'must be one text'],
  ['_a = "x" Rules = [ IsComplete $_a ]', '1', 'must not begin'],
  // Composites
  ['(RowCount > 1) and (RowCount > 2) or (RowCount > 3)', '35', 'put parentheses'],
  ['RowCount > 1 and RowCount < 3', '14', 'put parentheses'],
  ['(RowCount > 1) and RowCount < 3', '20', 'put parentheses'],
  ['(RowCount > 1', '14', 'expected ")"'],
  ['(RowCount > 1) and', '19', 'put parentheses'],
  ['not RowCount > 1', '5', 'expected "("'],
  ['(IsComplete "a" where "b > 1") and (RowCount > 1)', '23', 'within another'],
]

describe('malformed DQDL', () => {
  it('Q-30: there are at least 100 of them', () => {
    expect(malformed.length).toBeGreaterThanOrEqual(100)
    expect(new Set(malformed.map(([text]) => text)).size).toBe(malformed.length)
  })

  it.each(malformed)('Q-30: %j is refused at %s: %s', (text, place, says) => {
    const [line, column] = place.includes(':') ? place.split(':').map(Number) : [1, Number(place)]
    let error: unknown = null
    try {
      parseRuleset(text)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'DW-QUALITY-0006', details: { line, column } })
    expect((error as Error).message).toContain(says)
  })
})
