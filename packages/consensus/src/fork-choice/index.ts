export { encodeFinalityProof } from './finality-proof.js';
export { type FinalityRule, newestFinal, newestJustifiedMs } from './finality-rule.js';
export { decodeMessage, encodeMessage, type Message } from './message.js';
export { createForkChoiceModule } from './module.js';
export type {
  EpochRuleContext,
  ForkChoiceRules,
  Producer,
  ProducerPort,
  RuleContext,
  SealedHeader,
} from './rules.js';
export { type SettingRanges, type Settings, settingsOf, unsuitable } from './settings.js';
export { createSlotModule, encodeSignature, slotOf, type SlotRules, slotStatement } from './slots.js';
