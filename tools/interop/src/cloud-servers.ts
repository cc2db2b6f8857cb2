import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { AzureLocal, GcsLocal } from '@deltaworks/cloud-local'
import { openStore } from '@deltaworks/storage'
import { useEnvironment, type RunningStore, type StoreServer } from './check-servers.js'
import type { Checks } from './checks.js'
import { freePort } from './free-port.js'
import { goProgram, npmProgram, startProgram } from './running-server.js'
import { differs, objects } from './store-checks.js'

const account = 'lakes'
/** It guards a server of this process, on the loopback address, for as long as that runs. */
const accountKey = Buffer.from('the key of an account for checks').toString('base64')

export const cloudServers: readonly StoreServer[] = [
  { name: 'Azurite', scheme: 'az', keepsConditions: true, start: startAzurite, more: otherSecrets },
  {
    name: 'fake-gcs-server',
    scheme: 'gs',
    keepsConditions: true,
    start: (tools) => startFakeGcs(tools, ['-backend', 'memory']),
  },
  {
    name: 'fake-gcs-server on files',
    scheme: 'gs',
    keepsConditions: true,
    start: (tools, folder) => startFakeGcs(tools, ['-backend', 'filesystem', '-filesystem-root', folder]),
  },
  {
    name: 'azure-local without conditions',
    scheme: 'az',
    keepsConditions: false,
    start: async (_, __, containers) => {
      const local = await AzureLocal.start({ containers, ignoreConditions: true })
      const environment = azureEnvironment(AzureLocal.account, AzureLocal.key, local.endpoint)
      return { endpoint: local.endpoint, stop: () => local.stop(), environment, deltaRs: null, createBucket: isThere }
    },
  },
  {
    name: 'gcs-local without conditions',
    scheme: 'gs',
    keepsConditions: false,
    start: async (_, __, buckets) => {
      const local = await GcsLocal.start({ buckets, ignoreConditions: true })
      const environment = { DELTAWORKS_GCS_ENDPOINT: local.endpoint }
      return { endpoint: local.endpoint, stop: () => local.stop(), environment, deltaRs: null, createBucket: isThere }
    },
  },
]

/** Servers of ours are told their buckets as they start. */
const isThere = async (): Promise<void> => undefined

const azureEnvironment = (name: string, key: string, endpoint: string) => ({
  AZURE_STORAGE_ACCOUNT_NAME: name,
  AZURE_STORAGE_ACCOUNT_KEY: key,
  DELTAWORKS_AZURE_ENDPOINT: endpoint,
})

async function startAzurite(tools: string, folder: string): Promise<RunningStore | string> {
  const program = await npmProgram(tools, 'azurite', '3.37.0', 'azurite-blob')
  if (typeof program === 'string') return program
  const port = await freePort()
  const listening = ['--blobHost', '127.0.0.1', '--blobPort', String(port)]
  const args = [...listening, '--location', folder, '--silent', '--disableTelemetry']
  const environment = { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` }
  const running = await startProgram(program.path, args, port, environment)
  if (typeof running === 'string') return running
  const endpoint = `${running.endpoint}/${account}`
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, accountKey))
  return {
    endpoint,
    stop: () => running.stop(),
    environment: azureEnvironment(account, accountKey, endpoint),
    deltaRs: {
      azure_storage_account_name: account,
      azure_storage_account_key: accountKey,
      azure_storage_endpoint: endpoint,
      allow_http: 'true',
    },
    createBucket: async (name) => void (await service.createContainer(name)),
  }
}

async function startFakeGcs(tools: string, storage: readonly string[]): Promise<RunningStore | string> {
  const program = await goProgram(tools, 'github.com/fsouza/fake-gcs-server', 'v1.56.1')
  if (typeof program === 'string') return program
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const listening = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-public-host', address]
  const args = [...listening, '-external-url', `http://${address}`, '-log-level', 'error', ...storage]
  const running = await startProgram(program.path, args, port)
  if (typeof running === 'string') return running
  const { endpoint } = running
  return {
    ...running,
    environment: { DELTAWORKS_GCS_ENDPOINT: endpoint },
    deltaRs: {
      google_service_account_key: JSON.stringify({
        gcs_base_url: endpoint,
        disable_oauth: true,
        client_email: '',
        private_key: '',
        private_key_id: '',
      }),
      allow_http: 'true',
    },
    createBucket: async (name) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${endpoint}/storage/v1/b?project=local`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ name }),
      })
      if (!answer.ok) throw new Error(`the bucket ${name} could not be made: ${await answer.text()}`)
    },
  }
}

/** The other forms in which Azure's secrets are given, by variables of the environment. */
function azureSecrets(endpoint: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const token = generateAccountSASQueryParameters(
    {
      expiresOn: new Date(Date.now() + 3_600_000),
      permissions: AccountSASPermissions.parse('rwdlacup'),
      resourceTypes: AccountSASResourceTypes.parse('co').toString(),
      services: AccountSASServices.parse('b').toString(),
      protocol: SASProtocol.HttpsAndHttp,
    },
    new StorageSharedKeyCredential(account, accountKey),
  )
  const parts = ['DefaultEndpointsProtocol=http', `AccountName=${account}`, `AccountKey=${accountKey}`]
  return {
    'a token of shared access': {
      AZURE_STORAGE_ACCOUNT_NAME: account,
      AZURE_STORAGE_SAS_TOKEN: token.toString(),
      DELTAWORKS_AZURE_ENDPOINT: endpoint,
    },
    'a connection string': { AZURE_STORAGE_CONNECTION_STRING: [...parts, `BlobEndpoint=${endpoint}`].join(';') },
  }
}

/** The objects once more, reached by each other form of secret; a wrong one is an error that says so. */
async function otherSecrets(running: RunningStore, lake: string, checks: Checks): Promise<void> {
  for (const [number, [form, environment]] of Object.entries(azureSecrets(running.endpoint)).entries()) {
    useEnvironment(environment)
    await checks.run(`Azurite: objects, by ${form}`, () => objects(openStore(`${lake}/by-secret-${number}`)))
  }
  useEnvironment({ ...running.environment, AZURE_STORAGE_ACCOUNT_KEY: Buffer.from('another').toString('base64') })
  await checks.run('Azurite: a wrong key is refused', async () => {
    const error: unknown = await openStore(`${lake}/by-wrong-key`)
      .put('k', new Uint8Array(1), 'create')
      .catch((e: unknown) => e)
    return differs('DW-STORAGE-0013', (error as { readonly code?: string }).code ?? error)
  })
}
