import type { Schema } from '../api/queries'
import { CopyButton } from '../ui/CopyButton'
import { Part } from './Part'
import { keyName } from './RequestTable'
import { texts } from './texts'

const said = texts.detail

type Props = { row: Schema['RequestLogDetail']; names: Record<string, string> }

/** What it is known by elsewhere, to be copied, and who asked how. */
export function Facts({ row, names }: Props) {
  const ids = [
    ['request', row.requestId],
    ['response', row.responseId],
    ['conversation', row.conversationId],
    ['account', row.accountId],
  ] as const
  const others = [
    ['key', keyName(row, names)],
    ['client', row.useragent],
    ['address', row.clientIp],
    ['tier', row.serviceTier],
    ['transport', row.transport],
    ['endpoint', row.requestKind],
  ] as const
  return (
    <Part title={said.facts}>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4">
        {[...ids, ...others].map(
          ([name, value]) =>
            value && (
              <div key={name} className="col-span-2 grid grid-cols-subgrid items-center">
                <dt className="text-sm text-muted">{said.ids[name]}</dt>
                <dd className="flex min-h-7 items-center gap-1 text-sm break-all">
                  {ids.some(([one]) => one === name) ? (
                    <>
                      <code>{value}</code>
                      <CopyButton text={value} label={said.copyOf(said.ids[name])} />
                    </>
                  ) : (
                    value
                  )}
                </dd>
              </div>
            ),
        )}
      </dl>
    </Part>
  )
}
