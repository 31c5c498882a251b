import { entries } from '../lib/entries'
import { Badge } from '../ui/Badge'
import type { Document } from './fields'
import { Row } from './Row'
import { texts } from './texts'

/** What the process was started with; it is changed where that is done. */
export function Variables({ variables }: { variables: Document['environment'] }) {
  return (
    <>
      <p className="mb-4 text-sm text-muted">{texts.needsRestart}</p>
      {variables.map(({ name, value, default: usual, source }) => {
        const help = HELP.get(name)
        return (
          <Row key={name} id={name}>
            <div className="grid gap-x-8 gap-y-1 xl:grid-cols-[minmax(0,1fr)_16rem]">
              <div>
                <p className="font-mono text-sm break-all">{name}</p>
                {help && <p className="text-sm text-muted">{help}</p>}
              </div>
              <div className="min-w-0">
                <p className="font-mono text-sm break-words">{told(value)}</p>
                {source === 'environment' && (
                  <p className="flex flex-wrap items-center gap-x-2 text-sm text-muted">
                    <Badge>{texts.fromEnvironment}</Badge>
                    {texts.usual(told(usual))}
                  </p>
                )}
              </div>
            </div>
          </Row>
        )
      })}
    </>
  )
}

const HELP = new Map<string, string>(entries(texts.variables))

const told = (value: unknown) => (typeof value === 'string' && value ? value : texts.notSet)
