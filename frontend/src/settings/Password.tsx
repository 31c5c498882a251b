import { useState } from 'react'

import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { Status } from '../ui/Status'
import { PasswordDialog } from './PasswordDialog'
import { Row } from './Row'
import type { PasswordStep } from './signing'
import { texts } from './texts'

const said = texts.password

export function Password({ isSet }: { isSet: boolean }) {
  const [step, setStep] = useState<PasswordStep | null>(null)
  return (
    <Card title={said.card}>
      <Row id="password">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p className="text-muted">
            {isSet ? (
              said.isSet
            ) : (
              <Status tone="low" className="!whitespace-normal">
                {said.unset}
              </Status>
            )}
          </p>
          <div className="flex flex-wrap gap-2">
            {isSet ? (
              <>
                <Button onClick={() => setStep('change')}>{said.change}</Button>
                <Button onClick={() => setStep('remove')}>{said.remove}</Button>
              </>
            ) : (
              <Button look="primary" onClick={() => setStep('set')}>
                {said.set}
              </Button>
            )}
          </div>
        </div>
      </Row>
      {step && <PasswordDialog step={step} onClose={() => setStep(null)} />}
    </Card>
  )
}
