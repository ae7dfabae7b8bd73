/** Whether a native driver can be had here: on Linux, once `npm run build:native` has made its binary. */
export function loads(loadNative: () => unknown): boolean {
  try {
    loadNative()
    return true
  } catch {
    return false
  }
}
