import { typeName } from '@deltaworks/schema'
import { converted, physical, repetition } from './format.js'
import { schemaTree, typeOfNode, type SchemaElement } from './schema-tree.js'

type Sketch = readonly [
  kind: 'required' | 'optional' | 'repeated',
  name: string,
  content: number | readonly Sketch[],
  annotation?: number,
]

function elements([kind, name, content, annotation]: Sketch): SchemaElement[] {
  const isLeaf = typeof content === 'number'
  const element: SchemaElement = {
    physical: isLeaf ? content : -1,
    typeLength: 0,
    repetition: repetition[kind],
    name,
    childCount: isLeaf ? 0 : content.length,
    converted: annotation ?? -1,
    scale: 0,
    precision: 0,
    fieldId: -1,
    annotation: null,
  }
  return isLeaf ? [element] : [element, ...content.flatMap(elements)]
}

/** The types of top-level columns. */
function typesOf(...columns: Sketch[]): string[] {
  const root = elements(['required', 'root', columns])
  const tree = schemaTree('f.parquet', root)
  return tree.root.children.map((node) => typeName(typeOfNode('f.parquet', node)))
}

const text = physical.byteArray
const { list, map, mapKeyValue, utf8 } = converted

describe('lists and maps by the rules of LogicalTypes.md', () => {
  it.each<[string, Sketch, string]>([
    [
      'three levels',
      ['optional', 'l', [['repeated', 'list', [['optional', 'element', text, utf8]]]], list],
      'array<string>',
    ],
    [
      'other names of the levels',
      ['optional', 'l', [['repeated', 'bag', [['optional', 'array', 1]]]], list],
      'array<int>',
    ],
    ['a repeated leaf is the element', ['optional', 'l', [['repeated', 'element', 1]], list], 'array<int>'],
    [
      'a repeated group of several members is the element',
      [
        'optional',
        'l',
        [
          [
            'repeated',
            'element',
            [
              ['required', 'a', text, utf8],
              ['required', 'b', 1],
            ],
          ],
        ],
        list,
      ],
      'array<struct<a:string,b:int>>',
    ],
    [
      'a group of one member called array is the element',
      ['optional', 'l', [['repeated', 'array', [['required', 'a', 1]]]], list],
      'array<struct<a:int>>',
    ],
    [
      'a group of one member called like the list and _tuple is the element',
      ['optional', 'l', [['repeated', 'l_tuple', [['required', 'a', 1]]]], list],
      'array<struct<a:int>>',
    ],
    ['a repeated leaf without annotation', ['repeated', 'l', 1], 'array<int>'],
    ['a repeated group without annotation', ['repeated', 'l', [['optional', 'a', 1]]], 'array<struct<a:int>>'],
    [
      'a list of lists',
      [
        'optional',
        'l',
        [['repeated', 'list', [['optional', 'element', [['repeated', 'list', [['optional', 'element', 1]]]], list]]]],
        list,
      ],
      'array<array<int>>',
    ],
    [
      'maps',
      [
        'optional',
        'm',
        [
          [
            'repeated',
            'key_value',
            [
              ['required', 'key', text, utf8],
              ['optional', 'value', 1],
            ],
          ],
        ],
        map,
      ],
      'map<string,int>',
    ],
    [
      'maps of old writers',
      [
        'optional',
        'm',
        [
          [
            'repeated',
            'map',
            [
              ['required', 'k', text, utf8],
              ['optional', 'v', 1],
            ],
          ],
        ],
        mapKeyValue,
      ],
      'map<string,int>',
    ],
    [
      'groups',
      [
        'optional',
        's',
        [
          ['optional', 'a', 1],
          ['required', 'b', 5],
        ],
      ],
      'struct<a:int,b:double>',
    ],
  ])('%s', (_, column, type) => {
    expect(typesOf(column)).toEqual([type])
  })

  it('refuses a schema that is no tree', () => {
    const root = elements(['required', 'root', [['optional', 'a', 1]]])
    expect(() => schemaTree('f', [...root, ...root])).toThrow('malformed')
    expect(() => schemaTree('f', root.slice(0, 1))).toThrow('malformed')
    expect(() => typesOf(['optional', 's', []])).toThrow('no members')
  })
})
