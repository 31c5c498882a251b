import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { ErrorState } from '../ui/ErrorState'
import { Skeleton } from '../ui/Skeleton'
import { Problem } from './problem'

type Props<T> = {
  query: UseQueryResult<T>
  lines?: number // of the skeleton
  children: (data: T) => ReactNode
}

/** What a query has brought. After a failure the old data stays, with its time and a way to retry. */
export function Loaded<T>({ query, lines, children }: Props<T>) {
  const { data, error, dataUpdatedAt, isFetching, refetch } = query
  const problem = error && Problem.of(error)
  return (
    <>
      {problem && (
        <ErrorState
          message={problem.message}
          requestId={problem.requestId}
          dataFrom={dataUpdatedAt}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data !== undefined ? children(data) : !problem && <Skeleton {...(lines ? { lines } : {})} />}
    </>
  )
}
