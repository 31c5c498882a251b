import type { Schema } from '../api/queries'
import { classes } from '../lib/classes'
import { entries } from '../lib/entries'
import { compact } from '../lib/format'
import { common } from '../lib/texts'
import { Private } from '../ui/Private'
import { namesOf, valuesOf } from './facetValues'
import { texts } from './texts'
import { toggled, wanted } from './words'

const said = texts.facets
const outcomes: Record<string, string> = common.outcomes

type Props = {
  document: Schema['RequestsDocument']
  q: string
  onChange: (q: string) => void
}

/** What occurs, how often; a press adds its word to the query, or takes it out. */
export function Facets({ document, q, onChange }: Props) {
  return (
    <div className="grid gap-4">
      {entries(said.names).map(([name, title]) => {
        const chosen = wanted(q, name)
        const values = valuesOf(
          document.facets.find((facet) => facet.name === name),
          chosen,
        )
        if (values.length < (chosen.length > 0 ? 1 : 2)) return null
        return (
          <fieldset key={name} className="min-w-0">
            <legend className="mb-1 text-sm font-medium text-muted">{title}</legend>
            {values.map((one) => {
              const names = namesOf(one, values)
              const isChosen = names.some((each) => chosen.includes(each))
              return (
                <label
                  key={one.value}
                  className="-mx-1.5 flex min-h-6 touch:min-h-11 cursor-pointer items-center gap-2 rounded px-1.5 hover:bg-soft"
                >
                  <input
                    type="checkbox"
                    checked={isChosen}
                    onChange={() => onChange(toggled(q, name, names))}
                    className="size-3.5 shrink-0 accent-accent"
                  />
                  <span
                    className={classes('min-w-0 grow truncate', isChosen && 'font-medium')}
                    title={name === 'account' ? undefined : one.label}
                  >
                    {name === 'account' ? (
                      <Private>{one.label}</Private>
                    ) : (
                      (name === 'outcome' && outcomes[one.value]) || one.label
                    )}
                  </span>
                  <span className="text-sm text-muted tabular">{compact(one.count)}</span>
                </label>
              )
            })}
          </fieldset>
        )
      })}
      {!document.facetsAreWhole && <p className="text-xs text-muted">{said.cut}</p>}
    </div>
  )
}
