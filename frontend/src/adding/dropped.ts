/** The files in what was dropped, also those within folders. */

export type Dropped = { files: File[]; hasFolder: boolean }

export async function dropped(transfer: DataTransfer): Promise<Dropped> {
  // All of them now: the browser empties the list as soon as we wait.
  const items = [...transfer.items].map((item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(), // what comes from another program may stand in no folder
  }))
  const found = await Promise.all(
    items.map(({ entry, file }) => (entry ? filesOf(entry) : file ? [file] : [])),
  )
  return { files: found.flat(), hasFolder: items.some(({ entry }) => entry?.isDirectory) }
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (isFile(entry)) return [await new Promise<File>((done, fail) => entry.file(done, fail))]
  if (!isFolder(entry)) return []
  const reader = entry.createReader()
  const files: File[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    )
    if (some.length === 0) return files // it tells a hundred at a time
    files.push(...(await Promise.all(some.map(filesOf))).flat())
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
