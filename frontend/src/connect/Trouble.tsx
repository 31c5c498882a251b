import { Fold } from '../ui/Fold'
import { texts } from './texts'

type Props = { variable: string; baseUrl: string; isOpen: boolean }

/** What never reaches the log: only the client knows of it. */
export function Trouble({ variable, baseUrl, isOpen }: Props) {
  const { title, why, rows } = texts.trouble
  return (
    <Fold title={title} isOpen={isOpen}>
      <p className="text-muted">{why}</p>
      <dl className="grid gap-3">
        {rows(variable, baseUrl).map(([shown, meaning]) => (
          <div key={shown}>
            <dt className="font-medium">{shown}</dt>
            <dd className="break-words text-muted">{meaning}</dd>
          </div>
        ))}
      </dl>
    </Fold>
  )
}
