/** JSON in which bigints and bytes keep their kind: equal for equal plain data. */
export const toText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint'
      ? `${part}n`
      : part instanceof Uint8Array
        ? `bytes ${Buffer.from(part).toString('hex')}`
        : part,
  )
