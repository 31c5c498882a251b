/** What to write into a client's configuration; the same as in `docs/clients.md`. Pure. */

import { texts } from './texts'

export type ClientName = keyof typeof texts.fresh.clients

type Snippet = { label: string; code: string }

/** `origin`: our own address with its prefix, as 'http://127.0.0.1:2455'. */
export function snippets(
  origin: string,
  key: string,
  model: string,
): Record<ClientName, Snippet[]> {
  const { file, shell, python } = texts.fresh
  return {
    codex: [
      {
        label: file('~/.codex/config.toml'),
        code: `model = "${model}"
model_provider = "codex-lb"

[model_providers.codex-lb]
name = "codex-lb"
base_url = "${origin}/backend-api/codex"
wire_api = "responses"
env_key = "CODEX_LB_API_KEY"`,
      },
      { label: shell, code: `export CODEX_LB_API_KEY=${key}` },
    ],
    opencode: [
      {
        label: file('~/.config/opencode/opencode.json'),
        code: JSON.stringify(
          {
            $schema: 'https://opencode.ai/config.json',
            provider: {
              'codex-lb': {
                npm: '@ai-sdk/openai',
                name: 'codex-lb',
                options: { baseURL: `${origin}/v1`, apiKey: key },
                models: { [model]: { name: model, reasoning: true } },
              },
            },
            model: `codex-lb/${model}`,
          },
          null,
          2,
        ),
      },
    ],
    sdk: [
      {
        label: python,
        code: `from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key="${key}")
response = client.responses.create(model="${model}", input="Hello!")
print(response.output_text)`,
      },
    ],
    curl: [
      {
        label: shell,
        code: `curl ${origin}/v1/responses \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "input": "Hello!"}'`,
      },
    ],
  }
}
