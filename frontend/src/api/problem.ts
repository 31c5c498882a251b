/** What went wrong with a call, for a person: the service's own sentence, and its request id. */

import { common } from '../lib/texts'

export class Problem extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number, // 0: no answer
    readonly requestId: string | null = null,
  ) {
    super(message)
  }

  static of(error: unknown): Problem {
    if (error instanceof Problem) return error
    return new Problem(common.offline, 'offline', 0)
  }

  /** From an answer that is none of success; whatever its body is. */
  static ofAnswer(body: unknown, response: Response): Problem {
    const { code, message } = detail(body)
    const id = response.headers.get('x-request-id')
    return new Problem(
      message ?? `${response.status} ${response.statusText}`,
      code ?? `http_${response.status}`,
      response.status,
      id,
    )
  }
}

function detail(body: unknown): { code?: string; message?: string } {
  if (typeof body !== 'object' || body === null || !('error' in body)) return {}
  const { error } = body
  if (typeof error !== 'object' || error === null) return {}
  return {
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...('message' in error && typeof error.message === 'string' ? { message: error.message } : {}),
  }
}
