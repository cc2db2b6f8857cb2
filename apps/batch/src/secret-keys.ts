const secretKey = /password|secret|token|private|credential|api-?key|authorization/i

/** Whether a key's value is not shown, whatever it holds. */
export const isSecretKey = (path: string): boolean => secretKey.test(path)
