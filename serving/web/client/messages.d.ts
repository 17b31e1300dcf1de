/** Written by `python -m serving.typescript` from undertone/protocol. Times are in ms of audio. */

/** on connect */
export interface SessionCreated {
  type: "session.created";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  session_id: string;
  protocol: 1;
  audio: AudioFormat;
  limits: Limits;
  settings: SessionSettings;
  labels: ["negative", "neutral", "positive"];
  release: ReleaseInfo;
  asr: Asr;
  ear: EarInfo;
  /** the released rule that joins words and voice */
  fusion: Record<string, unknown>;
  recording: RecordingInfo;
  /** null where a lost connection ends the session */
  resume: Resume | null;
}

/** the answer to session.resume, after the messages that were missed; the client goes on with sample `samples` */
export interface SessionResumed {
  type: "session.resumed";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  session_id: string;
  /** of this session that arrived: counted as sent, since the first; of Opus bytes */
  samples: number;
  resume: Resume;
}

/** after each second of audio: so many samples of this session, of Opus so many bytes, were heard, and need not be kept by its client; only where session.created has `resume` */
export interface AudioAck {
  type: "audio.ack";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  samples: number;
}

/** the answer to session.update; all settings that hold now */
export interface SessionUpdated {
  type: "session.updated";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  settings: SessionSettings;
}

/** an utterance is under way; it begins at start_ms with up to 300 ms of pre-roll, its level rises to that of speech at speech_start_ms */
export interface SpeechStarted {
  type: "speech.started";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  start_ms: Time;
  speech_start_ms: Time;
}

/** every mood_interval_ms during speech, first within 500 ms of its start; how the last 3 s at most sound */
export interface Mood {
  type: "mood";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  start_ms: Time;
  end_ms: Time;
  audio_sentiment: Sentiment;
}

/** the words so far, if `partials`; at most one a second, may change, never after the final of its utterance; text is null with `redact_text` */
export interface TranscriptPartial {
  type: "transcript.partial";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  text: string | null;
}

/** the endpoint of an utterance */
export interface SpeechEnded {
  type: "speech.ended";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  end_ms: Time;
  cause: "silence" | "max_length" | "commit" | "idle" | "finish";
}

/** the words are not there 1000 ms after the endpoint; what the voice alone says */
export interface UtteranceProvisional {
  type: "utterance.provisional";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  start_ms: Time;
  end_ms: Time;
  /** null without words and with `redact_text` */
  text: string | null;
  text_sentiment: Sentiment | null;
  audio_sentiment: Sentiment;
  audio_ears: AudioEars;
  fused_sentiment: Sentiment;
  fused_score: number;
  /** the weight that the words had; 0 without words */
  alpha: number;
  /** the label is doubtful: the fused confidence is under the calibrated floor, words and voice contradict each other, or nobody seems to have spoken (reason hallucination) */
  abstain: boolean;
  mode: "fused" | "audio_only";
  /** true: words and voice have the same label; false: they lean to opposite poles; null: there are no words, or only one of the two says anything (the other is neutral or undecided) */
  agreement: boolean | null;
  speech_rate_wpm: number | null;
  /** only with `prosody` in the settings */
  prosody?: Prosody;
  /** the words may still come; the final says why if they do not */
  reason: "pending";
}

/** the verdict; exactly one for each utterance, in order */
export interface UtteranceFinal {
  type: "utterance.final";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  start_ms: Time;
  end_ms: Time;
  /** null without words and with `redact_text` */
  text: string | null;
  text_sentiment: Sentiment | null;
  audio_sentiment: Sentiment;
  audio_ears: AudioEars;
  fused_sentiment: Sentiment;
  fused_score: number;
  /** the weight that the words had; 0 without words */
  alpha: number;
  /** the label is doubtful: the fused confidence is under the calibrated floor, words and voice contradict each other, or nobody seems to have spoken (reason hallucination) */
  abstain: boolean;
  mode: "fused" | "audio_only";
  /** true: words and voice have the same label; false: they lean to opposite poles; null: there are no words, or only one of the two says anything (the other is neutral or undecided) */
  agreement: boolean | null;
  speech_rate_wpm: number | null;
  /** only with `prosody` in the settings */
  prosody?: Prosody;
  /** Why there are no words. asr_unavailable: no recogniser, or it failed; asr_timeout: no words in time; no_words: nothing was said; hallucination: what was recognised was not said; language: it is not English, which is all that the text model reads; overload: too many utterances wait; worker_lost: the process that had the utterance died. */
  reason: null | "asr_unavailable" | "asr_timeout" | "no_words" | "hallucination" | "language" | "overload" | "worker_lost";
  /** only with `word_times`: those of `text`; empty without words and with `redact_text` */
  words?: Array<SpokenWord>;
  timings: Timings;
}

/** the answer to ping */
export interface Pong {
  type: "pong";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  id: unknown;
}

/** a refusal; a fatal one always comes before the close that it explains */
export interface Error {
  type: "error";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  code: ErrorCode;
  message: string;
  fatal: boolean;
  retry_after_s?: number;
}

/** after session.finish, a time-out or a drain; the last message */
export interface SessionClosed {
  type: "session.closed";
  /** 1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what refuses a session has none, nor has an answer over HTTP */
  seq?: number;
  reason: "finished" | "session_expired" | "server_draining" | "too_far_behind" | "message_too_large" | "quota_exceeded" | "unauthorized" | "damaged_audio";
  totals: Totals;
  trajectory: Array<TrajectoryPoint>;
  /** only where there is something to say */
  notes?: Array<Note>;
}

/** The recogniser that the workers loaded, and why it is that one. */
export interface Asr {
  engine: string;
  model: string | null;
  open_vocabulary: boolean;
  reason: string;
  /** codes of the languages that it knows */
  languages: Array<string>;
  /** of its weights; null without an encoder */
  sha256: string | null;
}

/** What each ear for the voice says, joined in `audio_sentiment`: the acoustic network, and the recogniser's encoder (null: it was silent, and `cnn` is `audio_sentiment`). */
export interface AudioEars {
  cnn: Sentiment;
  encoder: Sentiment | null;
}

/** What binary frames carry. */
export interface AudioFormat {
  encoding: "pcm_s16le";
  sample_rate_hz: 16000;
  channels: 1;
}

/** Whether the recogniser's encoder is heard for the voice, and why not. */
export interface EarInfo {
  active: boolean;
  reason?: string;
}

/** With the close code of the fatal ones. Codes without one are not fatal. */
export type ErrorCode = "invalid_message" | "invalid_setting" | "odd_frame_length" | "unauthorized" | "quota_exceeded" | "server_full" | "message_too_large" | "too_far_behind" | "resume_refused" | "session_expired" | "server_draining" | "damaged_audio" | "audio_too_long" | "internal";

export type Label = "negative" | "neutral" | "positive";

/** What the operator allows a session. */
export interface Limits {
  max_frame_bytes: number;
  max_session_s: number;
  idle_session_s: number;
  /** an utterance ends (idle) where no audio came for so long, and for as long as the last frame lasts; what comes later is another utterance */
  idle_speech_s: number;
  max_wait_s: number;
  /** a session ends where nothing but zeros came so long */
  idle_zeros_s?: number;
  /** the most that max_utterance_ms may be set to */
  max_utterance_s?: number;
}

/** What was done to the audio before it was heard, or what is missing of a recording. */
export interface Note {
  code: "ended_early" | "damaged" | "header_repaired" | "level_scaled" | "level_clipped" | "offset_removed";
  message: string;
  at_ms?: Time;
}

/** How an utterance was spoken: the pitch of its voiced parts, as median and 5th and 95th percentile (null without a voice), their level, where 0 is a square wave at full scale, and its words a minute (null without words). */
export interface Prosody {
  pitch_median_hz: number | null;
  pitch_low_hz: number | null;
  pitch_high_hz: number | null;
  energy_dbfs: number;
  speech_rate_wpm: number | null;
}

/** Whether a session may be recorded here, by `record` in its settings, and for how many days it is kept. */
export interface RecordingInfo {
  allowed: boolean;
  /** null: until the operator deletes it */
  keep_days: number | null;
}

/** Which release is served; `models` has the sha256 of each file. */
export interface ReleaseInfo {
  schema_version: number;
  version: string;
  models: Record<string, string>;
}

/** How a client whose connection was lost goes on with its session: by session.resume with `secret`, which works once, within `within_s` after the loss. */
export interface Resume {
  secret: string;
  within_s: number;
}

/** A vector over the labels, and the first of them. */
export interface Sentiment {
  label: Label;
  probabilities: Record<Label, number>;
}

/** The settings of one session; times in ms, `alpha` None means as released. */
export interface SessionSettings {
  /** of binary frames: pcm_s16le has 16 kHz, pcm_mulaw and pcm_alaw (G.711) 8 kHz, ogg_opus and webm_opus whatever their container says; all are decoded while they come */
  encoding: "pcm_s16le" | "pcm_mulaw" | "pcm_alaw" | "ogg_opus" | "webm_opus";
  /** 2: the channels are two speakers of one conversation, their samples by turns (L R L R), and every event of an utterance has its `channel`; with 1 the channels of a container are mixed */
  channels: number;
  /** silence that ends an utterance */
  endpoint_silence_ms: number;
  /** adaptive: an utterance ends sooner where its words end a sentence, later where they do not, and after endpoint_silence_ms where that is not known; refused where the server cannot know it */
  endpoint: "fixed" | "adaptive";
  /** longest utterance */
  max_utterance_ms: number;
  /** time between two moods */
  mood_interval_ms: number;
  /** words while they are spoken; refused where the server has no workers for them */
  partials: boolean;
  /** weight of the words in place of the released rule */
  alpha: number | "adaptive" | null;
  /** spoken language: a code such as en or en-US, one of `asr.languages` */
  language: string | null;
  /** adaptive: the voice is judged against how it sounded so far in the session; refused where the server has no ear or no baseline for it */
  baseline: "none" | "adaptive";
  /** finals with the times of each word, in `words` */
  word_times: boolean;
  /** finals with pitch, energy and rate of speech, in `prosody` */
  prosody: boolean;
  /** finals and partials without the words */
  redact_text: boolean;
  /** consent that the operator keeps the audio and the events of this session; refused where none is kept; false is taken at any time, and what was kept of the session is deleted */
  record: boolean;
  /** a name under which a recorded session can be found and deleted, a pseudonym at best */
  speaker: string | null;
}

/** Transcriptions asked for in a pause, before it was known to end the utterance. */
export interface Speculations {
  sent: number;
  used: number;
  wasted: number;
}

/** A word with the marks that go with it, and how sure the recogniser was of it. */
export interface SpokenWord {
  text: string;
  start_ms: Time;
  end_ms: Time;
  confidence: number;
}

/** ms of audio since the first sample of the session */
export type Time = number;

/** Where the time of a final went. total_latency_ms runs from the endpoint decision. speculation_lead_ms is by how much audio the words were asked for before it (null: they were asked for then); asr_latency_ms may then be longer than the total. queue_latency_ms is the wait for a worker; words asked for ahead wait there for others to be heard with as well. Voice and words are looked into side by side, so that the parts may add up to more than the total. */
export interface Timings {
  endpoint_wait_ms: number;
  speculation_lead_ms: number | null;
  queue_latency_ms: number | null;
  asr_latency_ms: number | null;
  text_latency_ms: number | null;
  acoustic_latency_ms: number | null;
  fusion_latency_ms: number | null;
  total_latency_ms: number | null;
}

/** What a session heard. */
export interface Totals {
  audio_ms: Time;
  speech_ms: Time;
  utterances: number;
  labels: Record<Label, number>;
  speculations: Speculations;
}

/** One final in the course of a session. */
export interface TrajectoryPoint {
  utterance_id: UtteranceId;
  /** only with `channels` 2: which of the two samples that come by turns it was said in */
  channel?: 1 | 2;
  start_ms: Time;
  end_ms: Time;
  label: Label;
  fused_score: number;
}

export type UtteranceId = number;

/** What the server sends. */
export type ServerMessage = SessionCreated | SessionResumed | AudioAck | SessionUpdated | SpeechStarted | Mood | TranscriptPartial | SpeechEnded | UtteranceProvisional | UtteranceFinal | Pong | Error | SessionClosed;
