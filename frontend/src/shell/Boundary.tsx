import { Component, type ReactNode } from 'react'

import { facts } from '../lib/facts'
import { Button } from '../ui/Button'
import { Page } from '../ui/Page'
import { Snippet } from '../ui/Snippet'
import { texts } from './texts'

type Props = { children: ReactNode }

/** A page that fails leaves the others usable; keyed by the address, it ends with it. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state = { error: null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    const error: Error | null = this.state.error
    if (!error) return this.props.children
    return (
      <Page title={texts.crashed}>
        <p className="mb-4 text-muted">{texts.crashedText}</p>
        <Snippet label={texts.crashed} code={diagnosis(error)} />
        <Button look="primary" className="mt-4" onClick={() => window.location.reload()}>
          {texts.reload}
        </Button>
      </Page>
    )
  }
}

function diagnosis(error: Error): string {
  return [
    `codex-lb ${facts.version}, ${window.location.pathname}`,
    navigator.userAgent,
    error.stack ?? String(error),
  ].join('\n')
}
