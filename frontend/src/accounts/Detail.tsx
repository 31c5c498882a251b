import { useQuery } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'
import { Link } from 'wouter'

import { Loaded } from '../api/Loaded'
import { Problem } from '../api/problem'
import { account as accountQuery, type Schema } from '../api/queries'
import { Button } from '../ui/Button'
import { Card } from '../ui/Card'
import { EmptyState } from '../ui/EmptyState'
import { Page } from '../ui/Page'
import { Private } from '../ui/Private'
import { useActions } from './changes'
import { DeleteAccount } from './DeleteAccount'
import { ExportAccount } from './ExportAccount'
import { Facts } from './Facts'
import { BoundKeys, LastErrors, PassedOver } from './Findings'
import { Left } from './Left'
import { Preferences } from './Preferences'
import { StateLine } from './StateLine'
import { type Account, canPause, canProbe, canResume } from './state'
import { Timeline } from './Timeline'
import { texts } from './texts'

const said = texts.detail

type Props = { id: string; back: string; onBack: () => void; onSignIn: (account: Account) => void }

/** One account: how it is and why, what it had left, and what happened to it. */
export function Detail({ id, back, onBack, onSignIn }: Props) {
  const query = useQuery(accountQuery(id))
  useEscape(onBack)
  const row = query.data?.account
  const isGone = Problem.of(query.error).status === 404
  return (
    <Page
      title={said.title}
      heading={!isGone && row ? <Private>{row.displayName}</Private> : said.title}
      above={
        <Link
          href={back}
          className="inline-flex items-center gap-1 rounded text-accent underline touch:py-3"
        >
          <ArrowLeft aria-hidden="true" className="size-4" />
          {texts.title}
        </Link>
      }
      actions={!isGone && row && <Act row={row} onSignIn={onSignIn} />}
    >
      {isGone ? (
        <EmptyState
          text={said.missing}
          action={
            <Link href={back} className="rounded text-accent underline">
              {said.toAll}
            </Link>
          }
        />
      ) : (
        <Loaded query={query} lines={8}>
          {(document) => <Told document={document} onDeleted={onBack} />}
        </Loaded>
      )}
    </Page>
  )
}

function Act({ row, onSignIn }: { row: Account; onSignIn: (account: Account) => void }) {
  const actions = useActions()
  const [running, setRunning] = useState<'pause' | 'resume' | 'probe' | null>(null)
  const button = (name: 'pause' | 'resume' | 'probe', look: 'plain' | 'primary' = 'plain') => (
    <Button
      look={look}
      busy={running === name}
      onClick={() => {
        setRunning(name)
        void actions[name]([row]).finally(() => setRunning(null))
      }}
    >
      {texts[name]}
    </Button>
  )
  return (
    <>
      {canProbe(row) && button('probe')}
      {canPause(row) && button('pause')}
      {canResume(row) && button('resume', 'primary')}
      <Button
        look={row.loginState === 'sign_in_again' ? 'primary' : 'plain'}
        onClick={() => onSignIn(row)}
      >
        {texts.signInAgain}
      </Button>
    </>
  )
}

type ToldProps = { document: Schema['AccountDocument']; onDeleted: () => void }

function Told({ document, onDeleted }: ToldProps) {
  const [open, setOpen] = useState<'export' | 'delete' | null>(null)
  const row = document.account
  const close = () => setOpen(null)
  return (
    <div className="grid gap-4">
      <StateLine account={row} />
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[3fr_2fr]">
        <div className="grid grid-cols-1 gap-4">
          <Left document={document} />
          <Timeline events={document.events} />
          <LastErrors rows={document.lastErrors} />
        </div>
        <div className="grid grid-cols-1 gap-4">
          <Preferences account={row} />
          <Facts account={row} />
          <PassedOver reasons={document.passedOver} among={document.passedOverAmong} />
          <BoundKeys keys={document.keys} />
          <Card title={said.danger}>
            <div className="flex flex-wrap gap-2">
              <Button onClick={() => setOpen('export')}>{said.export}</Button>
              <Button look="danger" onClick={() => setOpen('delete')}>
                {said.delete}
              </Button>
            </div>
          </Card>
        </div>
      </div>
      {open === 'export' && <ExportAccount target={row} onClose={close} />}
      {open === 'delete' && (
        <DeleteAccount document={document} onDeleted={onDeleted} onClose={close} />
      )}
    </div>
  )
}

/** Not while a dialog or a menu takes it, or somebody types. */
function useEscape(onEscape: () => void) {
  const act = useEffectEvent(onEscape)
  useEffect(() => {
    function onKey({ key, defaultPrevented, target }: KeyboardEvent) {
      const isTaken = defaultPrevented || document.querySelector('[role=dialog], [role=menu]')
      const isTyping = target instanceof Element && target.matches('input, select')
      if (key === 'Escape' && !isTaken && !isTyping) act()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}
