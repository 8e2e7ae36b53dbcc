/** Bits for each member, and those of them that a member sets: one in 300 who is none is taken for one. */
const bitsPerMember = 12
const bitsSet = 8

/** A set that never forgets a member, and takes some others for members. */
export type BloomFilter = {
  add(member: string): void
  /** False where it was surely not added. */
  mayHave(member: string): boolean
}

/** Opens an empty filter for so many members, of 1.5 bytes each. */
export function openBloomFilter(members: number): BloomFilter {
  const size = Math.max(64, members * bitsPerMember)
  const words = new Uint32Array(Math.ceil(size / 32))
  const bit = (index: number) => 1 << (index & 31)

  return {
    add(member) {
      const first = hashOf(member, 0x811c9dc5)
      const step = hashOf(member, 0x9e3779b9) | 1
      for (let turn = 0; turn < bitsSet; turn++) {
        const index = ((first + Math.imul(turn, step)) >>> 0) % size
        words[index >>> 5] = (words[index >>> 5] as number) | bit(index)
      }
    },
    mayHave(member) {
      const first = hashOf(member, 0x811c9dc5)
      const step = hashOf(member, 0x9e3779b9) | 1
      for (let turn = 0; turn < bitsSet; turn++) {
        const index = ((first + Math.imul(turn, step)) >>> 0) % size
        if (((words[index >>> 5] as number) & bit(index)) === 0) return false
      }
      return true
    },
  }
}

/** FNV-1a, with the finish of MurmurHash3, which spreads ids that differ in their last characters only. */
function hashOf(text: string, seed: number): number {
  let hash = seed
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
