import type { DigestSlot } from '@deltaworks/plan'

const digestBytes = 32
const none = '0'.repeat(2 * digestBytes)

/** Room for the hashes of so many files, made when the first is asked for. @returns the slot of a file by its number */
export function digestSlots(count: number): (index: number) => DigestSlot {
  let memory: SharedArrayBuffer | null = null
  return (index) => ({ memory: (memory ??= new SharedArrayBuffer(count * digestBytes)), index })
}

/** Reads what scans have put into slots. @returns a slot's hash, hex; null: there is none */
export function digestReader(): (slot: DigestSlot) => string | null {
  const texts = new Map<SharedArrayBuffer, string>()
  return ({ memory, index }) => {
    let text = texts.get(memory)
    if (text === undefined) texts.set(memory, (text = Buffer.from(memory).toString('hex')))
    const digest = text.slice(2 * digestBytes * index, 2 * digestBytes * (index + 1))
    return digest === none ? null : digest
  }
}
