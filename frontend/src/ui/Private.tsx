import type { ReactNode } from 'react'

import { privacy } from '../lib/preferences'
import { useStore } from '../lib/useStore'

/** A person's name or address: out of sight while the screen is shared, else whole on hover. */
export function Private({ children }: { children: ReactNode }) {
  const isHidden = useStore(privacy)
  const whole = !isHidden && typeof children === 'string' ? children : undefined
  return (
    <span className="private" title={whole}>
      {children}
    </span>
  )
}
