/* FlatBuffers, writing: a table is described as data, then laid out parents first, since offsets point forwards. */

export type FlatMember =
  | { readonly kind: 'scalar'; readonly bytes: 1 | 2 | 4 | 8; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'table'; readonly value: FlatMembers }
  | { readonly kind: 'tables'; readonly value: readonly FlatMembers[] }
  /** Structs of int64 each. */
  | { readonly kind: 'structs'; readonly value: readonly (readonly number[])[] }
  | null

/** A table's members by their numbers in the schema; null: absent. */
export type FlatMembers = readonly FlatMember[]

export const scalar = (bytes: 1 | 2 | 4 | 8, value: number): FlatMember => ({ kind: 'scalar', bytes, value })
export const flag = (value: boolean): FlatMember => scalar(1, value ? 1 : 0)

/** The bytes of a buffer with `root` as its root table; a multiple of 8. */
export function flatBuffer(root: FlatMembers): Uint8Array<ArrayBuffer> {
  const writer = new FlatWriter()
  return writer.finish(root)
}

const utf8 = new TextEncoder()

class FlatWriter {
  #view = new DataView(new ArrayBuffer(1024))
  #length = 0

  finish(root: FlatMembers): Uint8Array<ArrayBuffer> {
    this.#take(4, 4)
    const at = this.#table(root)
    this.#view.setUint32(0, at, true)
    this.#take(0, 8)
    return new Uint8Array(this.#view.buffer as ArrayBuffer, 0, this.#length).slice()
  }

  /** Room at the end, zeroed, at a multiple of `alignment`. */
  #take(bytes: number, alignment: number): number {
    const at = Math.ceil(this.#length / alignment) * alignment
    this.#length = at + bytes
    if (this.#length > this.#view.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, this.#view.byteLength * 2))
      larger.set(new Uint8Array(this.#view.buffer))
      this.#view = new DataView(larger.buffer)
    }
    return at
  }

  /** Writes the vtable, then the table with room for its offsets, then what they point to. @returns the table's place */
  #table(members: FlatMembers): number {
    const vtableBytes = 4 + 2 * members.length
    const vtable = this.#take(vtableBytes, 2)
    const offsets: number[] = []
    let size = 4
    for (const member of members) {
      const bytes = member === null ? 0 : member.kind === 'scalar' ? member.bytes : 4
      if (bytes === 0) {
        offsets.push(0)
        continue
      }
      size = Math.ceil(size / bytes) * bytes
      offsets.push(size)
      size += bytes
    }
    const at = this.#take(size, 8)
    this.#view.setUint16(vtable, vtableBytes, true)
    this.#view.setUint16(vtable + 2, size, true)
    this.#view.setInt32(at, at - vtable, true)
    members.forEach((member, i) => {
      if (member === null) return
      const slot = at + offsets[i]!
      this.#view.setUint16(vtable + 4 + 2 * i, offsets[i]!, true)
      if (member.kind === 'scalar') this.#scalar(slot, member.bytes, member.value)
      else {
        const target = this.#target(member)
        this.#view.setUint32(slot, target - slot, true)
      }
    })
    return at
  }

  #target(member: Exclude<FlatMember, null | { readonly kind: 'scalar' }>): number {
    switch (member.kind) {
      case 'table':
        return this.#table(member.value)
      case 'string': {
        const bytes = utf8.encode(member.value)
        const at = this.#take(5 + bytes.length, 4)
        this.#view.setUint32(at, bytes.length, true)
        new Uint8Array(this.#view.buffer, at + 4, bytes.length).set(bytes)
        return at
      }
      case 'tables': {
        const at = this.#take(4 + 4 * member.value.length, 4)
        this.#view.setUint32(at, member.value.length, true)
        member.value.forEach((table, i) => {
          const slot = at + 4 + 4 * i
          const target = this.#table(table)
          this.#view.setUint32(slot, target - slot, true)
        })
        return at
      }
      case 'structs': {
        const width = member.value[0]?.length ?? 1
        // The elements, behind the length, stand at a multiple of 8.
        const at = this.#take(8 + 8 * width * member.value.length, 8) + 4
        this.#view.setUint32(at, member.value.length, true)
        member.value.flat().forEach((value, i) => this.#scalar(at + 4 + 8 * i, 8, value))
        return at
      }
    }
  }

  #scalar(at: number, bytes: 1 | 2 | 4 | 8, value: number): void {
    if (bytes === 1) this.#view.setUint8(at, value & 255)
    else if (bytes === 2) this.#view.setInt16(at, value, true)
    else if (bytes === 4) this.#view.setInt32(at, value, true)
    else this.#view.setBigInt64(at, BigInt(value), true)
  }
}
