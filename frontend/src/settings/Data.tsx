import { useState } from 'react'

import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { Snippet } from '../ui/Snippet'
import { BundleExport } from './BundleExport'
import { BundleImport } from './BundleImport'
import type { Document } from './fields'
import { Row } from './Row'
import { Rows } from './Rows'
import { texts } from './texts'

const said = texts.data
const BACKUP = { sqlite: 'codex-lb db backup', postgresql: 'pg_dump --format=custom' }

/** What is kept, for how long, and how it gets elsewhere. */
export function Data({ document }: { document: Document }) {
  const [open, setOpen] = useState<'export' | 'import' | null>(null)
  const { database } = document.about
  return (
    <>
      <Card title={said.retention}>
        <Rows
          document={document}
          names={['requestLogRetentionOverrideDays', 'usageHistoryRetentionOverrideDays']}
        />
      </Card>
      <Card title={said.backup}>
        <Row id="backup">
          <p className="mb-3 text-muted">
            {database === 'sqlite' ? said.backupText : said.postgresText}
          </p>
          <Snippet label={said.terminal} code={BACKUP[database]} />
        </Row>
      </Card>
      <Card title={said.move}>
        <Row id="move">
          <p className="text-muted">{said.moveText}</p>
          <p className="mt-1 mb-3 text-muted">{said.moveWarning}</p>
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setOpen('export')}>{said.export}</Button>
            <Button onClick={() => setOpen('import')}>{said.import}</Button>
          </div>
        </Row>
      </Card>
      {open === 'export' && <BundleExport onClose={() => setOpen(null)} />}
      {open === 'import' && <BundleImport onClose={() => setOpen(null)} />}
    </>
  )
}
