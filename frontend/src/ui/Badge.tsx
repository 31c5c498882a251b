/** A word about something that is no state: a plan, a kind, "this browser". */
export function Badge({ children }: { children: string }) {
  return (
    <span className="inline-flex h-5 items-center rounded bg-soft px-1.5 text-xs font-medium whitespace-nowrap">
      {children}
    </span>
  )
}
