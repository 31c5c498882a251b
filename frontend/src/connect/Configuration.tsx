import type { Schema } from '../api/queries'
import { configuration, environment, type Piece } from '../api/setup'
import { common } from '../lib/texts'
import { Snippet } from '../ui/Snippet'
import { Tabs } from '../ui/Tabs'
import { command, FIRST_REQUEST } from './choices'
import { Picks } from './Picks'
import { texts } from './texts'
import type { Choice } from './useChoice'

type Told = Schema['ConnectDocument']

const ANY_TEXT = 'local'

/** What to copy for the client that was picked. */
export function Configuration({ told, choice }: { told: Told; choice: Choice }) {
  return (
    <section
      aria-label={texts.configuration}
      className="grid grid-cols-1 gap-4 rounded border border-line bg-card p-4"
    >
      <Picks told={told} choice={choice} />
      <Tabs
        label={texts.client}
        value={choice.client}
        onChange={(client) => choice.change({ client })}
        tabs={told.clients.map((setup) => ({
          value: setup.client,
          label: common.clients[setup.client],
          content: (
            <div className="grid grid-cols-1 gap-3">
              {pieces(setup, told, choice).map((piece) => (
                <Snippet key={piece.label + piece.code} {...piece} />
              ))}
            </div>
          ),
        }))}
      />
    </section>
  )
}

function pieces(setup: Schema['ClientSetup'], told: Told, choice: Choice): Piece[] {
  const { address, model, key, secret } = choice
  const shown = secret ?? (key.kind === 'none' && setup.client !== 'curl' ? ANY_TEXT : null)
  const written = command(setup, address, told.localUrl, model)
  const first = FIRST_REQUEST[setup.client]
  return [
    ...(shown ? [environment(told.keyEnv, shown)] : []),
    configuration(setup, address.url, model),
    ...(written ? [{ label: texts.write, code: written }] : []),
    ...(first ? [{ label: texts.first, code: first }] : []),
  ]
}
