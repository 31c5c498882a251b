/** Which of the files that somebody chose are asked about. Pure. */

const MOST_FILES = 100 // as in dashboard/importing.py
const MOST_BYTES = 1_048_576

export type Chosen<F> = { taken: F[]; passedOver: number }

type Named = { name: string; size: number }

/** `all`: of a folder, where much else may lie; of files chosen one by one every name is meant. */
export function chosen<F extends Named>(all: readonly F[], fromFolder: boolean): Chosen<F> {
  const fits = ({ name, size }: F) =>
    size > 0 && size <= MOST_BYTES && (!fromFolder || name.toLowerCase().endsWith('.json'))
  const taken = all.filter(fits).slice(0, MOST_FILES)
  return { taken, passedOver: all.length - taken.length }
}
