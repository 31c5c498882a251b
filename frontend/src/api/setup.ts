/** What to copy so that a client talks to the service, from the service's own texts. Pure. */

import { common } from '../lib/texts'
import type { Schema } from './queries'

type Setup = Schema['ClientSetup']
export type Client = Setup['client']
export type Piece = { label: string; code: string }

/** `url`: our address with its prefix, as 'http://127.0.0.1:2455'. */
export function filledIn(text: string, url: string, model: string): string {
  return text.replaceAll('%URL%', url).replaceAll('%MODEL%', model)
}

/** The configuration, or a program that reads its key from the environment. */
export function configuration({ client, file, text }: Setup, url: string, model: string): Piece {
  const alone = client === 'curl' ? common.inTerminal : common.inProgram
  return {
    label: file ? common.inFile(file) : alone,
    code: filledIn(text, url, model).trimEnd(),
  }
}

export function environment(name: string, secret: string): Piece {
  return { label: common.inTerminal, code: `export ${name}=${secret}` }
}
