// @ts-check
/** Which microphones there are. Browsers tell their names only once one was allowed. */

/** @typedef {{id: string, name: string}} Device */

/** @returns {Promise<Device[]>} */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === "audioinput" && deviceId && deviceId !== "default")
    .map(({ deviceId, label }, index) => ({ id: deviceId, name: label || `Microphone ${index + 1}` }));
}

/** Call `changed` when one is plugged in or out. @param {() => void} changed */
export function onChange(changed) {
  navigator.mediaDevices?.addEventListener?.("devicechange", changed);
}
