import { Component, type ReactNode, useEffect, useState } from 'react'

import { connection } from '../api/stream'
import { facts } from '../lib/facts'
import { useStore } from '../lib/useStore'
import { Button } from '../ui/Button'
import { Page } from '../ui/Page'
import { Snippet } from '../ui/Snippet'
import { texts } from './texts'

type Props = { children: ReactNode; instead?: ReactNode }

/** A page that fails leaves the others usable; keyed by the address, it ends with it. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state = { error: null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    const error: Error | null = this.state.error
    if (!error) return this.props.children
    return this.props.instead === undefined ? <Failure error={error} /> : this.props.instead
  }
}

/** A page whose files could not be had for want of the service comes when that is back. */
function Failure({ error }: { error: Error }) {
  const { state } = useStore(connection)
  const [waits, setWaits] = useState(state === 'offline')
  useEffect(() => {
    if (state === 'offline') setWaits(true)
    if (state === 'live' && waits) window.location.reload()
  }, [state, waits])
  return (
    <Page title={texts.crashed}>
      <p className="mb-4 text-muted">{waits ? texts.unreached : texts.crashedText}</p>
      {!waits && <Snippet label={texts.crashed} code={diagnosis(error)} />}
      <Button look="primary" className="mt-4" onClick={() => window.location.reload()}>
        {texts.reload}
      </Button>
    </Page>
  )
}

function diagnosis(error: Error): string {
  return [
    `codex-lb ${facts.version}, ${window.location.pathname}`,
    navigator.userAgent,
    error.stack ?? String(error),
  ].join('\n')
}
