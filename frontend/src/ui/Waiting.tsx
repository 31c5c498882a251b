/** Something is awaited that somebody else must do. */
export function Waiting({ children }: { children: string }) {
  return (
    <p role="status" className="flex items-center gap-2 text-muted">
      <span aria-hidden="true" className="size-2 animate-pulse rounded-full bg-accent" />
      {children}
    </p>
  )
}
