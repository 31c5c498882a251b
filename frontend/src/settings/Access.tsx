import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'

import { keys } from '../api/queries'
import { Card } from '../ui/Card'
import type { Document } from './fields'
import { Networks } from './Networks'
import { Rows } from './Rows'
import { texts } from './texts'
import { Variables } from './Variables'

const NAMES = [
  'CODEX_LB_ALLOWED_HOSTS',
  'CODEX_LB_TRUSTED_PROXIES',
  'CODEX_LB_PROXY_UNAUTHENTICATED_CLIENT_CIDRS',
]

/** Who may use the proxy. */
export function Access({ document }: { document: Document }) {
  const { data } = useQuery(keys)
  return (
    <>
      <Card title={texts.cards.keys}>
        {data?.keys.length === 0 && (
          <p className="mb-4 rounded bg-soft p-3 text-sm">
            <TriangleAlert
              aria-hidden="true"
              className="mr-1.5 inline size-4 align-text-bottom text-low"
            />
            {texts.noKeys}{' '}
            <Link href="/keys/new" className="text-accent underline">
              {texts.createKey}
            </Link>
          </p>
        )}
        <Rows document={document} names={['apiKeyAuthEnabled', 'hideUpstreamQuotaFromApiKeys']} />
      </Card>
      <Networks />
      <Card title={texts.cards.environment}>
        <Variables variables={document.environment.filter(({ name }) => NAMES.includes(name))} />
      </Card>
    </>
  )
}
