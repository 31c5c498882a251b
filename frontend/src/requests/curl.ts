/** A command that asks the same of this service. Pure; it holds no secret. */

import type { Row } from './tail'

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** `origin`: our own address with its prefix. Nothing for what is no plain question. */
export function curl(row: Row, origin: string): string | null {
  const { model, reasoningEffort: effort, requestedServiceTier: tier } = row
  const isChat = row.requestKind === 'chat_completions'
  if (row.requestKind !== 'normal' && !isChat) return null
  const body = {
    model,
    ...(isChat ? { messages: [{ role: 'user', content: 'Hello!' }] } : { input: 'Hello!' }),
    ...(effort && (isChat ? { reasoning_effort: effort } : { reasoning: { effort } })),
    ...(tier && { service_tier: tier }),
  }
  return `curl ${quoted(`${origin}/v1/${isChat ? 'chat/completions' : 'responses'}`)} \\
  -H "Authorization: Bearer $CODEX_LB_API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d ${quoted(JSON.stringify(body))}`
}
