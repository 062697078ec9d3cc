// The words that both pages have: about files, and about what could not be said. `{}` is a name or a reason. Every
// language has every key; tsc holds us to it.

const en = {
  attach: "Send a file",
  save: "Save {}",
  fileGone: "{} was removed",
  fileSending: "Sending {} …",
  fileHeld: "The file is being checked. It appears when that is done.",
  fileError: "The file could not be sent. Please try again.",
  fileType: "Files of this type can’t be sent.",
  fileTooLarge: "This file is too large.",
  fileTooMany: "No more files can be sent here.",
  fileInfected: "The file was refused: something harmful was found in it.",
  windowClosed: "The customer can’t be answered until they write again.",
  undelivered: "A message did not reach the customer: {}",
};

/** @type {typeof en} */
const de = {
  attach: "Datei senden",
  save: "{} speichern",
  fileGone: "{} wurde entfernt",
  fileSending: "{} wird gesendet …",
  fileHeld: "Die Datei wird geprüft. Sie erscheint, sobald das getan ist.",
  fileError: "Die Datei konnte nicht gesendet werden. Bitte versuchen Sie es noch einmal.",
  fileType: "Dateien dieser Art können nicht gesendet werden.",
  fileTooLarge: "Diese Datei ist zu groß.",
  fileTooMany: "Hier können keine weiteren Dateien gesendet werden.",
  fileInfected: "Die Datei wurde abgelehnt: Sie enthält etwas Schädliches.",
  windowClosed: "Dem Kunden kann erst wieder geantwortet werden, wenn er schreibt.",
  undelivered: "Eine Nachricht hat den Kunden nicht erreicht: {}",
};

/** @type {typeof en} */
const es = {
  attach: "Enviar un archivo",
  save: "Guardar {}",
  fileGone: "Se eliminó {}",
  fileSending: "Enviando {} …",
  fileHeld: "Se está comprobando el archivo. Aparecerá cuando termine.",
  fileError: "No se pudo enviar el archivo. Inténtelo de nuevo.",
  fileType: "No se pueden enviar archivos de este tipo.",
  fileTooLarge: "Este archivo es demasiado grande.",
  fileTooMany: "No se pueden enviar más archivos aquí.",
  fileInfected: "El archivo fue rechazado: contiene algo dañino.",
  windowClosed: "No se puede responder al cliente hasta que vuelva a escribir.",
  undelivered: "Un mensaje no llegó al cliente: {}",
};

/** @type {typeof en} */
const fr = {
  attach: "Envoyer un fichier",
  save: "Enregistrer {}",
  fileGone: "{} a été supprimé",
  fileSending: "Envoi de {} …",
  fileHeld: "Le fichier est en cours de vérification. Il apparaîtra ensuite.",
  fileError: "Le fichier n’a pas pu être envoyé. Veuillez réessayer.",
  fileType: "Les fichiers de ce type ne peuvent pas être envoyés.",
  fileTooLarge: "Ce fichier est trop volumineux.",
  fileTooMany: "Plus aucun fichier ne peut être envoyé ici.",
  fileInfected: "Le fichier a été refusé : il contient un élément nuisible.",
  windowClosed: "Il faut attendre que le client écrive de nouveau pour lui répondre.",
  undelivered: "Un message n’est pas parvenu au client : {}",
};

/** @type {typeof en} */
const ar = {
  attach: "إرسال ملف",
  save: "حفظ {}",
  fileGone: "تمت إزالة {}",
  fileSending: "جارٍ إرسال {} …",
  fileHeld: "يجري فحص الملف، وسيظهر عند الانتهاء.",
  fileError: "تعذر إرسال الملف. حاول مرة أخرى.",
  fileType: "لا يمكن إرسال ملفات من هذا النوع.",
  fileTooLarge: "هذا الملف كبير جدًا.",
  fileTooMany: "لا يمكن إرسال المزيد من الملفات هنا.",
  fileInfected: "رُفض الملف: عُثر فيه على شيء ضار.",
  windowClosed: "لا يمكن الرد على العميل حتى يكتب من جديد.",
  undelivered: "لم تصل رسالة إلى العميل: {}",
};

/** @type {typeof en} */
const ja = {
  attach: "ファイルを送信",
  save: "{} を保存",
  fileGone: "{} は削除されました",
  fileSending: "{} を送信中…",
  fileHeld: "ファイルを確認しています。終わると表示されます。",
  fileError: "ファイルを送信できませんでした。もう一度お試しください。",
  fileType: "この種類のファイルは送信できません。",
  fileTooLarge: "このファイルは大きすぎます。",
  fileTooMany: "これ以上ファイルを送信できません。",
  fileInfected: "ファイルから有害なものが見つかったため、送信できません。",
  windowClosed: "お客様からの次のメッセージまで返信できません。",
  undelivered: "メッセージがお客様に届きませんでした: {}",
};

export const shared = { en, de, es, fr, ar, ja };
