import { useState } from 'react'

import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { Status } from '../ui/Status'
import { DisableCodes } from './DisableCodes'
import { EnrolCodes } from './EnrolCodes'
import type { Document } from './fields'
import { Row } from './Row'
import { SettingRow } from './SettingRow'
import { useStart } from './signing'
import { texts } from './texts'

const FEW = 3
const said = texts.codes

export function Codes({ document }: { document: Document }) {
  const [isDisabling, setDisabling] = useState(false)
  const start = useStart()
  const { hasPassword, totpConfigured, recoveryCodesLeft } = document.security
  return (
    <Card title={said.card}>
      <Row id="codes">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <div className="grid max-w-prose gap-1 text-muted">
            <p>{totpConfigured ? said.isSet(recoveryCodesLeft) : said.unset}</p>
            {!hasPassword && <p>{said.needsPassword}</p>}
            {totpConfigured && recoveryCodesLeft < FEW && (
              <Status tone="low" className="!whitespace-normal">
                {said.few}
              </Status>
            )}
          </div>
          {totpConfigured ? (
            <Button onClick={() => setDisabling(true)}>{said.disable}</Button>
          ) : (
            <Button disabled={!hasPassword} busy={start.isPending} onClick={() => start.mutate()}>
              {said.setUp}
            </Button>
          )}
        </div>
      </Row>
      <SettingRow document={document} name="totpRequiredOnLogin" />
      {start.data && <EnrolCodes offered={start.data} onClose={start.reset} />}
      {isDisabling && <DisableCodes onClose={() => setDisabling(false)} />}
    </Card>
  )
}
