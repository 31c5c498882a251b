import type { Schema } from '../api/queries'
import { filledIn } from '../api/setup'
import { Fold } from '../ui/Fold'
import { texts } from './texts'
import type { Choice } from './useChoice'

type Props = { told: Schema['ConnectDocument']; choice: Choice }

/** What never reaches the log: only the client knows of it. */
export function Trouble({ told, choice }: Props) {
  const { title, why, rows } = texts.trouble
  const baseUrl = told.clients.find(({ client }) => client === choice.client)?.baseUrl ?? ''
  const shown = rows(told.keyEnv, filledIn(baseUrl, choice.address.url, choice.model))
  return (
    <div className="bg-card">
      <Fold title={title} isOpen={told.seen.length === 0}>
        <p className="text-muted">{why}</p>
        <dl className="grid gap-3">
          {shown.map(([symptom, remedy]) => (
            <div key={symptom}>
              <dt className="font-medium">{symptom}</dt>
              <dd className="break-words text-muted">{remedy}</dd>
            </div>
          ))}
        </dl>
      </Fold>
    </div>
  )
}
