import assert from "node:assert/strict";
import { test } from "node:test";
import { Pcm, RATE_HZ, Resampler, toInt16 } from "../../../../serving/web/client/undertone.js";

const tone = (hz, rateHz, seconds) => Float32Array.from({ length: rateHz * seconds }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz));
const power = (samples) => samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
const resampled = (samples, rateHz) => {
  const resampler = new Resampler(rateHz);
  return Float32Array.from([...resampler.push(samples), ...resampler.flush()]);
};

for (const rateHz of [8000, 11_025, 22_050, 44_100, 48_000, 96_000]) {
  test(`a tone of 1 kHz at ${rateHz} Hz is the same tone at 16 kHz`, () => {
    const heard = resampled(tone(1000, rateHz, 1), rateHz);
    const wanted = tone(1000, RATE_HZ, 1);
    assert.ok(Math.abs(heard.length - RATE_HZ) <= 1, `${heard.length} samples`);
    const off = wanted.map((value, i) => value - (heard[i] ?? 0)).slice(200, -200);
    assert.ok(10 * Math.log10(power(off) / power(wanted)) < -50);
  });
}

test("what lies over 8 kHz does not fold back", () => {
  const heard = resampled(tone(9500, 48_000, 1), 48_000).slice(200, -200);
  assert.ok(10 * Math.log10(power(heard) / 0.125) < -60);
});

test("the pieces change nothing in what comes out", () => {
  const whole = resampled(tone(700, 44_100, 0.5), 44_100);
  const pcm = tone(700, 44_100, 0.5);
  const resampler = new Resampler(44_100);
  const pieces = [];
  for (let first = 0, size = 1; first < pcm.length; first += size, size = (size * 7) % 997) {
    pieces.push(...resampler.push(pcm.subarray(first, first + size)));
    if (first + size >= pcm.length) break;
  }
  pieces.push(...resampler.flush());
  assert.deepEqual(Float32Array.from(pieces), whole);
});

test("floats are clipped and rounded", () => {
  assert.deepEqual([...toInt16(Float32Array.of(-2, -1, 0, 0.5, 1, 2))], [-32768, -32767, 0, 16384, 32767, 32767]);
});

test("16 kHz goes through as it is, and another rate in the midst is refused", () => {
  const pcm = new Pcm();
  assert.deepEqual([...pcm.push(Int16Array.of(1, -2), RATE_HZ)], [1, -2]);
  assert.throws(() => pcm.push(Int16Array.of(1), 8000), /8000 Hz follows audio of 16000 Hz/);
  assert.throws(() => new Resampler(0), /no rate/);
});
