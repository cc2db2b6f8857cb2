import { formatDate, formatDecimal, formatTimestamp, type DataType, type Value } from '@deltaworks/schema'

/** Hive's name for the folder of rows whose partition value is null (or an empty string). */
export const nullPartition = '__HIVE_DEFAULT_PARTITION__'

// Control characters and those that Hive escapes in folder names.

const unsafe = /[\u0000-\u001f"#%'*/:=?\\\u007f{}[\]^]/g

const escape = (text: string): string =>
  text.replaceAll(unsafe, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

/** `name=value`, escaped as Hive and Spark do. */
export const partitionFolder = (name: string, type: DataType, value: Value): string => {
  const text = partitionText(type, value)
  return `${escape(name)}=${text === null || text === '' ? nullPartition : escape(text)}`
}

function partitionText(type: DataType, value: Value): string | null {
  if (value === null) return null
  switch (type.kind) {
    case 'date':
      return formatDate(value as number)
    case 'timestamp':
    case 'timestamp_ntz':
      return formatTimestamp(value as bigint)
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'binary':
      return Buffer.from(value as Uint8Array).toString('latin1')
    default:
      return String(value)
  }
}
