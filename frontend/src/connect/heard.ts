/** Which clients were heard of, and what is wrong with the newest request of each. Pure. */

import type { Schema } from '../api/queries'
import type { Tone } from '../ui/Status'
import { texts } from './texts'

export type Seen = Schema['SeenClient']

const NAMELESS = 'other' // as the service calls them

/** With a request that began or ended. Rows stay where they are; a new client comes first. */
export function withRequest(seen: readonly Seen[], row: Schema['RequestLogEntry']): Seen[] {
  const told: Seen = {
    client: row.useragentGroup ?? NAMELESS,
    at: row.requestedAt,
    requestId: row.requestId,
    model: row.model,
    status: row.status,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    firstEventMs: row.latencyFirstTokenMs,
  }
  if (!seen.some(({ client }) => client === told.client)) return [told, ...seen]
  return seen.map((one) => (one.client === told.client && !isOlder(told, one) ? told : one))
}

/** What ends now may have begun before what ended already. */
const isOlder = (one: Seen, other: Seen) => Date.parse(one.at) < Date.parse(other.at)

export function toneOf({ status }: Seen): Tone {
  if (status === 'ok') return 'serving'
  if (status === 'in_progress') return 'cooling'
  return status === 'cancelled' ? 'paused' : 'failed'
}

type Advice = { text: string; href?: string }

/** What to do; null where nothing is wrong. */
export function adviceOn({ status, errorCode, errorMessage }: Seen): Advice | null {
  if (status === 'ok' || status === 'in_progress') return null
  if (status === 'cancelled') return { text: texts.advice.cancelled }
  const cause = CAUSES[errorCode ?? ''] ?? (NO_MODEL.test(errorMessage ?? '') ? 'model' : undefined)
  if (!cause) return { text: firstLine(errorMessage) ?? texts.advice.unknown }
  const href = PLACES[cause]
  return { text: texts.advice[cause], ...(href ? { href } : {}) }
}

type Cause = Exclude<keyof typeof texts.advice, 'cancelled' | 'unknown'>

/** Upstream's own sentence comes without a code. */
const NO_MODEL = /model is not supported|model .*does not exist/i

const CAUSES: Record<string, Cause> = {
  no_accounts: 'accounts',
  usage_limit_reached: 'quota',
  insufficient_quota: 'quota',
  usage_not_included: 'quota',
  rate_limit_exceeded: 'limit',
  model_not_supported: 'model',
  model_not_found: 'model',
  invalid_model: 'model',
  context_length_exceeded: 'length',
  previous_response_not_found: 'history',
  invalid_encrypted_content: 'history',
  upstream_error: 'upstream',
  upstream_unavailable: 'upstream',
  server_is_overloaded: 'upstream',
  stream_incomplete: 'upstream',
  interrupted: 'interrupted',
}

const PLACES: Partial<Record<Cause, string>> = {
  accounts: '/accounts',
  quota: '/accounts',
  limit: '/keys',
}

/** The rest lists accounts one by one. */
const firstLine = (message: string | null) => message?.split('\n')[0] || null
