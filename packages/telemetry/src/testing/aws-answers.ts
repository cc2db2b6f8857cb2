import type { Answer, ReceivedRequest } from './http-receiver.js'

const xml = (action: string, result: string): string =>
  `<${action}Response><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`

/** What SNS, SES, CloudWatch, Secrets Manager and the parameter store say to the calls that are made here, in their protocols. */
export function awsAnswer(secrets: Readonly<Record<string, string>> = {}): (request: ReceivedRequest) => Answer {
  return ({ headers, body, path }) => {
    const target = String(headers['x-amz-target'] ?? '')
    const action = target.split('.').at(-1) ?? ''
    if (action === 'GetSecretValue' || action === 'GetParameter') {
      const { SecretId, Name } = JSON.parse(body) as { readonly SecretId?: string; readonly Name?: string }
      const value = secrets[SecretId ?? Name ?? '']
      if (value === undefined) {
        const type = action === 'GetParameter' ? 'ParameterNotFound' : 'ResourceNotFoundException'
        return { status: 400, body: JSON.stringify({ __type: type, message: 'no such thing' }) }
      }
      return {
        status: 200,
        body: JSON.stringify(action === 'GetParameter' ? { Parameter: { Value: value } } : { SecretString: value }),
      }
    }
    if (path.startsWith('/v2/email')) return { status: 200, body: JSON.stringify({ MessageId: '1' }) }
    const form = /(?:^|&)Action=(\w+)/.exec(body)?.[1]
    if (form !== undefined) return { status: 200, contentType: 'text/xml', body: xml(form, '<MessageId>1</MessageId>') }
    return { status: 200, body: '{}' }
  }
}
