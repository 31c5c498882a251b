import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { connect } from '../api/queries'
import { oneOf } from '../lib/search'
import { useParams } from '../lib/useParams'
import { Button } from '../ui/Button'
import { Private } from '../ui/Private'
import { Sheet } from '../ui/Sheet'
import { Tabs } from '../ui/Tabs'
import { BrowserSignIn } from './BrowserSignIn'
import { DeviceCode } from './DeviceCode'
import { Import } from './Import'
import { isNear } from './near'
import { type Done, Outcome } from './Outcome'
import { texts } from './texts'
import { afterwards, offered, WAYS, type Way } from './way'

type Props = {
  again?: { id: string; email: string } // the account that is to be signed in anew
  onClose: () => void
}

const NEAREST = isNear(window.location.hostname) ? 'browser' : 'device'
const PARAMS = { by: oneOf(WAYS, NEAREST) }

/** How an account comes into the pool. What is under way ends with the sheet. */
export function AddAccount({ again, onClose }: Props) {
  const cache = useQueryClient()
  const [{ by }, change] = useParams(PARAMS)
  const [round, setRound] = useState(0)
  const [done, setDone] = useState<Done | null>(null)

  const ways = offered(again !== undefined)
  const setWay = (way: Way) => change({ by: way })

  function close() {
    onClose()
    const { pathname, search, hash } = window.location
    const rest = afterwards(search)
    if (rest !== search)
      window.history.replaceState(window.history.state, '', pathname + rest + hash)
  }

  const signIn = {
    accountId: again?.id ?? null,
    onStartAgain: () => setRound(round + 1),
    onSignedIn(accountId: string) {
      void cache.invalidateQueries()
      setDone({ accountId })
    },
  }
  const tabs = [
    {
      value: 'browser' as const,
      content: <BrowserSignIn key={round} {...signIn} onOther={() => setWay('device')} />,
    },
    {
      value: 'device' as const,
      content: <DeviceCode key={round} {...signIn} onOther={() => setWay('browser')} />,
    },
    { value: 'import' as const, content: <Import onImported={(fates) => setDone({ fates })} /> },
  ]

  return (
    <Sheet
      open
      onClose={close}
      title={again ? texts.again : texts.title}
      description={
        again && (
          <>
            <Private>{again.email}</Private>. {texts.only}
          </>
        )
      }
      footer={
        done && (
          <Next isAgain={again !== undefined} onClose={close} onAnother={() => setDone(null)} />
        )
      }
    >
      {done ? (
        <Outcome done={done} again={again?.email ?? null} />
      ) : (
        <Tabs
          label={texts.ways}
          value={ways.includes(by) ? by : NEAREST}
          onChange={setWay}
          tabs={tabs
            .filter(({ value }) => ways.includes(value))
            .map((tab) => ({ ...tab, label: texts.way[tab.value] }))}
        />
      )}
    </Sheet>
  )
}

type NextProps = { isAgain: boolean; onClose: () => void; onAnother: () => void }

/** Who has an account but no client yet goes on to that. */
function Next({ isAgain, onClose, onAnother }: NextProps) {
  const { data } = useQuery(connect)
  const [, navigate] = useLocation()
  const isFirst = !isAgain && data?.seen.length === 0
  return (
    <>
      {!isAgain && <Button onClick={onAnother}>{texts.done.another}</Button>}
      <Button look={isFirst ? 'plain' : 'primary'} onClick={onClose}>
        {texts.done.done}
      </Button>
      {isFirst && (
        <Button look="primary" onClick={() => navigate('/connect')}>
          {texts.done.connect}
        </Button>
      )}
    </>
  )
}
