import { useMutation, useQueryClient } from '@tanstack/react-query'

import { Problem } from '../api/problem'
import { overview } from '../api/queries'
import { connection } from '../api/stream'
import { base } from '../lib/facts'
import { complain } from '../lib/messages'
import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { diagnostics } from './diagnostics'
import { download } from './download'
import type { Document } from './fields'
import { Row } from './Row'
import { texts } from './texts'

const said = texts.about

export function About({ document }: { document: Document }) {
  const { version, python, database, dataDir } = document.about
  const facts = [
    [said.version, version],
    [said.python, python],
    [said.database, said.databases[database]],
    [said.dataDir, dataDir],
  ] as const
  return (
    <>
      <Card title={said.card}>
        <dl id="about" className="grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-8 gap-y-2">
          {facts.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="break-words select-all">{value}</dd>
            </div>
          ))}
        </dl>
        <p className="mt-4">
          <a href={`${base}/api/openapi.json`} className="text-accent underline">
            {said.api}
          </a>
        </p>
      </Card>
      <Diagnostics document={document} />
      <Card title={said.licences}>
        <p>{said.licence}</p>
        <p className="mt-2 text-muted">{said.parts}</p>
      </Card>
    </>
  )
}

function Diagnostics({ document }: { document: Document }) {
  const cache = useQueryClient()
  const save = useMutation({
    mutationFn: async () => {
      const found = await cache.ensureQueryData(overview('24h', 'outcome'))
      const browser = { agent: navigator.userAgent, stream: connection.get().state }
      download(
        'codex-lb-diagnostics.json',
        `${JSON.stringify(diagnostics(document, found, browser), null, 2)}\n`,
      )
    },
    onError: (error) => complain(Problem.of(error).message),
  })
  return (
    <Card title={said.diagnostics}>
      <Row id="diagnostics">
        <p className="mb-3 text-muted">{said.diagnosticsText}</p>
        <Button busy={save.isPending} onClick={() => save.mutate()}>
          {said.download}
        </Button>
      </Row>
    </Card>
  )
}
