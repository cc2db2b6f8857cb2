import { dictionaryColumn, fixedColumn, variableColumn, type Arena, type Column } from '@deltaworks/columnar'
import type { DataType } from '@deltaworks/schema'
import type { DecodeContext } from './decode-context.js'
import type { DenseValues } from './dense-values.js'

/**
 * Dense values to a column of `slots` rows.
 * @param validity bitmap, 0 if no slot is null
 */
export function columnOfValues(
  context: DecodeContext,
  type: DataType,
  values: DenseValues,
  slots: number,
  validity: number,
  nullCount: number,
  arena: Arena,
): Column {
  const { kernels } = context
  switch (values.kind) {
    case 'fixed': {
      let { address } = values
      if (validity !== 0) {
        address = arena.allocate(slots * values.width)
        kernels.parquetSpread(values.address, values.width, validity, slots, address)
      }
      if (type.kind === 'boolean') {
        const bits = arena.allocate((slots >> 3) + 2)
        kernels.parquetBytesToBits(address, slots, 1, bits)
        address = bits
      }
      return fixedColumn(type, slots, address, validity, nullCount)
    }
    case 'strings': {
      let { offsets } = values
      if (validity !== 0) {
        offsets = arena.allocate((slots + 1) * 4)
        kernels.parquetSpreadOffsets(values.offsets, validity, slots, offsets)
      }
      return variableColumn(type, slots, offsets, values.bytes, validity, nullCount)
    }
    case 'codes': {
      let { codes } = values
      if (validity !== 0) {
        codes = arena.allocate(slots * 4)
        kernels.parquetSpread(values.codes, 4, validity, slots, codes)
      }
      return dictionaryColumn(values.dictionary, slots, codes, validity, nullCount)
    }
  }
}
