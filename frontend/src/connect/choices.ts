/** What can be chosen on the page, and what is chosen if nobody has. Pure. */

import type { Schema } from '../api/queries'
import type { Client } from '../api/setup'

type Told = Schema['ConnectDocument']
export type KeyChoice = Schema['KeyChoice']

export type Address = {
  at: 'page' | 'local'
  url: string
  needsKey: boolean // whether a client there must show one
}

/** `page`: the address of this page without its path, with what stands before every path. */
export function addresses(
  told: Pick<Told, 'localUrl' | 'isLocal' | 'needsKey'>,
  page: string,
): [Address, ...Address[]] {
  const here: Address = { at: 'page', url: page, needsKey: told.needsKey || !told.isLocal }
  const local: Address = { at: 'local', url: told.localUrl, needsKey: told.needsKey }
  return isSame(page, told.localUrl) ? [here] : [here, local]
}

/** Names of loopback differ, and lead to the same place. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)]
  const isNear = ({ hostname }: URL) => /^(localhost|127\.|\[::1\])/.test(hostname)
  return a.port === b.port && (a.hostname === b.hostname || (isNear(a) && isNear(b)))
}

export const NO_KEY = 'none'

/** 'none': no key is needed and none is chosen. 'missing': there is none and one is needed. */
export type Chosen = { kind: 'none' | 'missing' } | { kind: 'key'; key: KeyChoice }

export function chosenKey(keys: readonly KeyChoice[], needsKey: boolean, wanted: string): Chosen {
  const key = keys.find(({ id }) => id === wanted)
  if (key) return { kind: 'key', key }
  if (!needsKey) return { kind: 'none' }
  const [first] = keys
  return first ? { kind: 'key', key: first } : { kind: 'missing' }
}

/** The command that writes the configuration itself; null for clients without a file. */
export function command(
  setup: Pick<Schema['ClientSetup'], 'client' | 'file'>,
  { at, url }: Address,
  localUrl: string,
  model: string,
): string | null {
  if (!setup.file) return null
  const where = at === 'local' || url === localUrl ? '' : ` --url ${url}`
  return `codex-lb setup ${setup.client} --model ${model}${where} --write --check`
}

/** A first request; null where the configuration is one itself, or a window must be opened. */
export const FIRST_REQUEST: Record<Client, string | null> = {
  codex: 'codex exec "Say hello."',
  opencode: 'opencode run "Say hello."',
  openclaw: null,
  sdk: null,
  typescript: null,
  curl: null,
}
