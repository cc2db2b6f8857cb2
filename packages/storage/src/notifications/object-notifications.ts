import { splitUri } from '../open-store.js'

/** A message of a queue about objects that were made. */
export interface ObjectMessage {
  /** Paths within the location that was asked about; none if it is about others. */
  readonly paths: readonly string[]
  /** By which the queue knows the message. */
  readonly receipt: string
}

/** A queue that a bucket tells of its new objects. Messages may come late, twice, or in any order. */
export interface ObjectNotifications {
  /**
   * Waits for messages about objects below a location. Those that tell of nothing that we know are left to the queue.
   * @param stop ends the waiting; then there are none
   * @throws StorageError
   */
  receive(location: string, waitMs: number, stop?: AbortSignal): Promise<readonly ObjectMessage[]>
  /** Takes messages off the queue: what they told of is done. */
  acknowledge(messages: readonly ObjectMessage[]): Promise<void>
}

interface CreatedObject {
  readonly bucket: string
  readonly key: string
}

/**
 * The objects that a message's body tells of: an event of S3 (sent by the bucket itself, by SNS, or by EventBridge).
 * @returns null if it is none of these
 */
export function createdObjects(body: string): readonly CreatedObject[] | null {
  const event = parsed(body)
  if (event === null) return null
  if (typeof event['Message'] === 'string' && event['TopicArn'] !== undefined) return createdObjects(event['Message'])
  if (event['Event'] === 's3:TestEvent') return []
  if (event['detail-type'] !== undefined) return fromEventBridge(event)
  const records = event['Records']
  return Array.isArray(records) ? records.flatMap((record) => fromRecord(record as Json)) : null
}

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

function parsed(text: string): Json | null {
  try {
    const value = JSON.parse(text) as unknown
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function fromEventBridge({ 'detail-type': kind, detail }: Json): readonly CreatedObject[] | null {
  if (kind !== 'Object Created') return []
  const { bucket, object } = (detail ?? {}) as { readonly bucket?: Json; readonly object?: Json }
  return created(bucket?.['name'], object?.['key'])
}

/** Keys are encoded as in forms: a blank is `+`. */
function fromRecord({ eventName, s3 }: Json): readonly CreatedObject[] {
  if (typeof eventName !== 'string' || !/^(s3:)?ObjectCreated:/.test(eventName)) return []
  const { bucket, object } = (s3 ?? {}) as { readonly bucket?: Json; readonly object?: Json }
  const key = object?.['key']
  return created(bucket?.['name'], typeof key === 'string' ? decodeURIComponent(key.replaceAll('+', ' ')) : null) ?? []
}

const created = (bucket: unknown, key: unknown): readonly CreatedObject[] | null =>
  typeof bucket === 'string' && typeof key === 'string' ? [{ bucket, key }] : null

/** Paths of those objects that lie below a location. */
export function pathsWithin(location: string, objects: readonly CreatedObject[]): readonly string[] {
  const { store, path } = splitUri(location)
  const prefix = path === '' ? '' : `${path}/`
  return objects
    .filter(({ bucket, key }) => store === `s3://${bucket}` && key.startsWith(prefix) && key.length > prefix.length)
    .map(({ key }) => key.slice(prefix.length))
    .filter((found) => !/(?:^|\/)\.{0,2}(?=\/|$)|\0/.test(found))
}
