/** A failure as S3 tells it: an HTTP status and a code in an XML document. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const noSuchKey = (key: string): S3Error =>
  new S3Error(404, 'NoSuchKey', `The specified key does not exist: ${key}`)
export const noSuchBucket = (bucket: string): S3Error =>
  new S3Error(404, 'NoSuchBucket', `The specified bucket does not exist: ${bucket}`)
export const noSuchUpload = (): S3Error => new S3Error(404, 'NoSuchUpload', 'The specified upload does not exist.')
export const preconditionFailed = (condition: string): S3Error =>
  new S3Error(412, 'PreconditionFailed', `At least one of the preconditions you specified did not hold: ${condition}`)
export const invalidArgument = (message: string): S3Error => new S3Error(400, 'InvalidArgument', message)
export const malformedXml = (): S3Error =>
  new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate.')
export const accessDenied = (message: string): S3Error => new S3Error(403, 'AccessDenied', message)
export const notImplemented = (what: string): S3Error =>
  new S3Error(501, 'NotImplemented', `${what} is not implemented by s3-local.`)
