import { useEffect } from 'react'

/** A file that misses the zone is not opened by the browser in place of this page. */
export function useFilesInZone(): void {
  useEffect(() => {
    const over = new AbortController()
    const refuse = (event: DragEvent) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      event.dataTransfer.dropEffect = 'none'
    }
    window.addEventListener('dragover', refuse, over)
    window.addEventListener('drop', refuse, over)
    return () => over.abort()
  }, [])
}
