/** Those whose label has every word somewhere; those that begin with one come first. */
export function matching<T extends { label: string }>(all: readonly T[], words: string): T[] {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean)
  const starts = ({ label }: T) => parts.some((part) => label.toLowerCase().startsWith(part))
  return all
    .filter(({ label }) => parts.every((part) => label.toLowerCase().includes(part)))
    .sort((one, other) => Number(starts(other)) - Number(starts(one)))
}
