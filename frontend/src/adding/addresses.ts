/** What of a sentence is somebody's e-mail address. Pure. */

const ADDRESS = /([^\s()<>"',;]+@[^\s()<>"',;]*[^\s()<>"',;.])/

export type Piece = { text: string; isAddress: boolean }

export function pieces(sentence: string): Piece[] {
  return sentence
    .split(ADDRESS)
    .map((text, n) => ({ text, isAddress: n % 2 === 1 }))
    .filter(({ text }) => text !== '')
}
