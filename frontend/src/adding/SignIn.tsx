import type { ReactNode } from 'react'

import { Button } from '../ui/Button'
import { ErrorState } from '../ui/ErrorState'
import { Skeleton } from '../ui/Skeleton'
import { Waiting } from '../ui/Waiting'
import type { Begun, Method } from './flow'
import { Spoken } from './Spoken'
import { texts } from './texts'
import { useFlow } from './useFlow'

export type SignInProps = {
  accountId: string | null // the only one that may be signed in
  onSignedIn: (accountId: string) => void
  onStartAgain: () => void
  onOther: () => void // the other way to sign in
}

type Props = SignInProps & { method: Method; children: (begun: Begun) => ReactNode }

const OTHER = { browser: 'device', device: 'browser' } as const

/** What both ways have in common: they are prepared, wait, and may fail. */
export function SignIn({ method, accountId, onSignedIn, onStartAgain, onOther, children }: Props) {
  const flow = useFlow(method, accountId, onSignedIn)
  switch (flow.stage) {
    case 'beginning':
      return <Skeleton lines={3} />
    case 'waiting':
      return (
        <div className="grid grid-cols-1 gap-4">
          {children(flow.begun)}
          <Waiting>{texts.waiting}</Waiting>
        </div>
      )
    case 'failed':
      return (
        <>
          <ErrorState message={<Spoken>{flow.message}</Spoken>} />
          <div className="flex flex-wrap gap-2">
            <Button look="primary" onClick={onStartAgain}>
              {texts.startAgain}
            </Button>
            <Button onClick={onOther}>{texts.instead[OTHER[method]]}</Button>
          </div>
        </>
      )
    case 'done':
      return null
  }
}
