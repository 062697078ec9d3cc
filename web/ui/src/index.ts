// What the surfaces share: words, texts, times, the rows of a conversation, and the components that draw them.

export { sayer, type Catalogue, type CatalogueOf, type Key, type Say, type SayOf } from "./words/catalogue.js";
export { en } from "./words/en.js";
export { chooseLanguage, direction, LANGUAGES, loadCatalogue, type Language } from "./words/languages.js";
export { byteLength, cut, emojiOnly, excess, graphemes } from "./text/graphemes.js";
export { initials, isBlank, shownName } from "./text/names.js";
export { pieces, type Piece } from "./text/links.js";
export { ago, clock, countdown, dayName, daysBetween, fileSize, fullTime, shortTime } from "./text/times.js";
export {
  rows,
  shownFile,
  type Author,
  type Entry,
  type FileShown,
  type Happened,
  type RichShown,
  type Row,
  type Said,
  type SendState,
} from "./log/rows.js";
export { readRich, type Rich } from "./log/rich.js";
export { SpeechProvider, useSpeech, type Speech } from "./components/speech.js";
export { Icon, type IconName, type OwnIcon } from "./components/icons.js";
export { Button, IconButton } from "./components/Button.js";
export { Banner } from "./components/Banner.js";
export { Avatar } from "./components/Avatar.js";
export { EmptyState } from "./components/EmptyState.js";
export { Countdown } from "./components/Countdown.js";
export { Dialog } from "./components/Dialog.js";
export { Toast } from "./components/Toast.js";
export { Menu, type MenuItem } from "./components/Menu.js";
export { Field, type FieldKind, type FieldProps, type Option } from "./components/Field.js";
export { Words } from "./components/Words.js";
export { Day, Line } from "./components/Line.js";
export { Typing } from "./components/Typing.js";
export { Unsent } from "./components/Unsent.js";
export { AttachButton } from "./components/AttachButton.js";
export { FileShownInChat, type LoadFile } from "./components/FileShownInChat.js";
export { useFiles } from "./components/useFiles.js";
export { Message, type MessageActs, type MessageRow } from "./components/Message.js";
export { RichMessage, type RichReply } from "./components/RichMessage.js";
export { Composer, isComposing, type ComposerProps } from "./components/Composer.js";
export { Log, type LogProps } from "./components/Log.js";
