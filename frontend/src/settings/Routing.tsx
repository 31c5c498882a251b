import { Card } from '../ui/Card'
import type { Document } from './fields'
import { Rows } from './Rows'
import { Strategy } from './Strategy'
import { texts } from './texts'

export function Routing({ document }: { document: Document }) {
  return (
    <>
      <Strategy document={document} />
      <Card title={texts.cards.preferences}>
        <Rows
          document={document}
          names={[
            'stickyThreadsEnabled',
            'openaiCacheAffinityMaxAgeSeconds',
            'proxyAccountStreamLimit',
            'prohibitFastMode',
          ]}
        />
      </Card>
    </>
  )
}
