/** PostgreSQL's binary operators and the functions that they are here. `!` in front: its negation. */
export const binaryOperators: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '^': 'power',
  '=': 'eq',
  '<>': 'ne',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '||': 'concat',
  '~': 'rlike',
  '!~': '!rlike',
  '~~': 'like',
  '!~~': '!like',
  '~~*': 'ilike',
  '!~~*': '!ilike',
}

/** Functions that the parser names by PostgreSQL's inner names, or that have another name here. */
export const functionNames: Readonly<Record<string, string>> = {
  btrim: 'trim',
  date_part: 'date_part',
  extract: 'date_part',
  char_length: 'length',
  character_length: 'length',
  now: 'current_timestamp',
  getdate: 'current_timestamp',
  sysdate: 'current_timestamp',
  array_agg: 'collect_list',
  listagg: 'string_agg',
}
