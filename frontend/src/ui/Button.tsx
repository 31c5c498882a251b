import type { ComponentProps } from 'react'

import { classes } from '../lib/classes'

const LOOKS = {
  primary: 'bg-accent text-on-accent border-accent hover:opacity-90',
  plain: 'bg-card border-edge hover:bg-soft',
  quiet: 'border-transparent hover:bg-soft',
  danger: 'bg-card text-failed border-failed hover:bg-soft',
} as const

type Props = ComponentProps<'button'> & {
  look?: keyof typeof LOOKS
  busy?: boolean // keeps its width, shows progress and takes no further press
}

export function Button({ look = 'plain', busy = false, className, children, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : rest.onClick}
      className={classes(
        'relative inline-flex h-8 touch:h-11 shrink-0 items-center justify-center gap-1.5 rounded border px-3',
        'font-medium whitespace-nowrap disabled:opacity-50',
        LOOKS[look],
        className,
      )}
    >
      <span className={classes('contents', busy && '[&>*]:invisible [&]:text-transparent')}>
        {children}
      </span>
      {busy && <Spinner />}
    </button>
  )
}

function Spinner() {
  return (
    <span
      aria-hidden="true"
      className="absolute right-1 size-3 animate-spin rounded-full border-2 border-current border-r-transparent"
    />
  )
}
