import type { ReactNode } from 'react'

/** A person's name or address: out of sight while the screen is shared. */
export function Private({ children }: { children: ReactNode }) {
  return <span className="private">{children}</span>
}
