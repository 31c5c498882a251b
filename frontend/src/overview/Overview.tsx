import { useQuery } from '@tanstack/react-query'

import { Loaded } from '../api/Loaded'
import { GROUPS, overview } from '../api/queries'
import { useRange } from '../lib/range'
import { oneOf } from '../lib/search'
import { useParams } from '../lib/useParams'
import { Page } from '../ui/Page'
import { AttentionList } from './AttentionList'
import { Capacity } from './Capacity'
import { Checklist } from './Checklist'
import { Latest } from './Latest'
import { Now } from './Now'
import { Tops } from './Tops'
import { Traffic } from './Traffic'
import { texts } from './texts'
import { useFinished } from './useFinished'
import { Verdict } from './Verdict'

export function Overview() {
  const [range] = useRange()
  const [{ by }, change] = useParams({ by: oneOf(GROUPS, 'outcome') })
  const query = useQuery(overview(range, by))
  useFinished()
  return (
    <Page title={texts.title}>
      <Loaded query={query} lines={8}>
        {(document) => (
          <div className="grid grid-cols-1 gap-4">
            <Verdict verdict={document.verdict} />
            {!(document.setup.hasAccounts && document.setup.hasRequests) && (
              <Checklist setup={document.setup} />
            )}
            {document.setup.hasAccounts && (
              <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
                <div className="lg:order-last">
                  <AttentionList items={document.attention} />
                </div>
                <Capacity windows={document.capacity} />
              </div>
            )}
            {document.setup.hasRequests && (
              <>
                <Now told={document.now} toldAt={query.dataUpdatedAt} />
                <Traffic document={document} by={by} onBy={(next) => change({ by: next })} />
                <Tops top={document.top} names={document.names} range={range} />
                <Latest rows={document.latest} names={document.names} />
              </>
            )}
          </div>
        )}
      </Loaded>
    </Page>
  )
}
