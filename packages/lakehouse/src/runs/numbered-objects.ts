/** Objects of a folder whose names are numbers, so that a listing has them in order and put-if-absent makes one the next. */

const digits = 20

export const numberedPath = (folder: string, number: number): string =>
  `${folder}/${String(number).padStart(digits, '0')}.json`

export const numberOfPath = (path: string): number => Number(path.slice(path.lastIndexOf('/') + 1, -'.json'.length))

export const encodeJson = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

export const decodeJson = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))
