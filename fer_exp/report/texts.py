"""The page's own words, each in English and Korean side by side, so that none lacks its twin."""

TEXTS: dict[str, tuple[str, str]] = {
    "title": (
        "Small networks on facial expressions: what the runs show",
        "표정 인식 소형 신경망 실험 보고서",
    ),
    "intro": (
        "This page shows what small fully connected networks reach on grey pictures of faces with seven "
        "expressions. It repeats a student slide deck that varied batch size, activation, optimizer and "
        "layers one at a time, and says with several seeds and intervals which of its conclusions hold. "
        "Everything below comes from the finished runs of one store; what is missing is named in its "
        "place.",
        "이 문서는 소형 완전 연결 신경망이 일곱 가지 표정의 흑백 얼굴 사진에서 어느 정도의 성능을 내는지 "
        "보여 줍니다. 배치 크기, 활성화 함수, 최적화 기법, 층 구성을 하나씩 바꾼 학생 발표 자료를 여러 "
        "시드로 다시 실험하고, 그 결론 가운데 무엇이 성립하는지 신뢰 구간과 함께 밝힙니다. 아래 내용은 "
        "모두 한 저장소의 끝난 실행에서 가져왔으며, 빠진 것은 그 자리에 적었습니다.",
    ),
    "contents": ("Contents", "차례"),
    "provenance": ("Where this page comes from", "이 문서의 출처"),
    "provenance.what": ("what", "항목"),
    "provenance.value": ("value", "값"),
    "provenance.date": ("date", "작성일"),
    "provenance.command": ("command", "명령"),
    "provenance.runs": ("finished runs shown", "실린 끝난 실행 수"),
    "provenance.faces": ("faces", "얼굴 자료"),
    "provenance.faces.value": ("{kind} ({data}, content {content})", "{kind} ({data}, 내용 해시 {content})"),
    "provenance.commits": ("git commits of the runs", "실행의 git 커밋"),
    "kind.canonical": ("the canonical FER-2013", "표준 FER-2013"),
    "kind.altered": ("an altered FER-2013", "일부가 바뀐 FER-2013"),
    "kind.relabelled": ("FER-2013 with the labels of FER+", "FER+ 라벨을 붙인 FER-2013"),
    "kind.other": ("other faces than FER-2013's", "FER-2013이 아닌 얼굴 자료"),
    "kind.synthetic": ("drawn faces", "그려 낸 얼굴"),
    "none": ("none", "없음"),
    "gap.store": (
        "There is no finished run in this store yet. Train some first: python train.py -m optimizer=sgd,adam",
        "이 저장소에는 아직 끝난 실행이 없습니다. 먼저 학습해 주세요: python train.py -m optimizer=sgd,adam",
    ),
    "gap.plan": (
        "A sweep cannot be shown, as its plan is lost: {reason}",
        "계획 파일을 읽을 수 없어 보여 줄 수 없는 스윕이 있습니다: {reason}",
    ),
    "closing": ("The closing table and the conclusions", "마지막 표와 결론"),
    "closing.intro": (
        "The deck ended with one table and its conclusions. Here are both again, with what the runs say.",
        "발표 자료는 표 하나와 결론들로 끝납니다. 두 가지를 실행 결과와 나란히 다시 정리했습니다.",
    ),
    "closing.title": ("{data}, {protocol} protocol", "{data}, {protocol} 규칙"),
    "closing.lead": ("row of the deck", "발표 자료의 행"),
    "gap.named": (
        "No named study has been started yet: python train.py study=main",
        "이름 있는 연구가 아직 시작되지 않았습니다: python train.py study=main",
    ),
    "studies": ("The studies", "연구별 결과"),
    "studies.intro": (
        "Each study varies one choice. Its first arm is the base that the others are compared with, seed "
        "by seed; a difference counts when p, adjusted by Holm's method, is below 0.05.",
        "각 연구는 선택 하나만 바꿉니다. 첫 조건이 기준이며, 나머지 조건을 같은 시드끼리 기준과 "
        "비교합니다. Holm 방법으로 보정한 p가 0.05보다 작을 때만 차이로 봅니다.",
    ),
    "studies.intervals": (
        "In the plots of intervals the large dot is the mean over seeds, the bar its 95 % interval, small "
        "dots are single seeds, the open diamond is the figure that the deck printed, and the dashed line, "
        "where in sight, is what answering the largest class gives.",
        "구간 그림에서 큰 점은 시드 평균, 막대는 95 % 신뢰 구간, 작은 점은 시드 하나하나, 빈 마름모는 발표 "
        "자료에 실린 값입니다. 점선은 항상 가장 큰 클래스로 답할 때의 값이며, 범위 안에 있을 때만 "
        "보입니다.",
    ),
    "studies.curves": (
        "Learning curves show the mean over seeds and a band from the lowest to the highest seed; a line "
        "is broken where some seeds have stopped already. Accuracy and loss have one scale within a study, "
        "the number of epochs has not.",
        "학습 곡선의 선은 시드 평균, 띠는 가장 낮은 시드부터 가장 높은 시드까지입니다. 파선은 일부 시드가 "
        "이미 멈춘 구간입니다. 정확도와 손실의 눈금은 한 연구 안에서 같고, 에폭 수는 그림마다 다릅니다.",
    ),
    "study.title": ("{study} ({data}, {protocol} protocol)", "{study}: {data}, {protocol} 규칙"),
    "study.intervals": ("Validation accuracy of each arm.", "조건별 검증 정확도입니다."),
    "study.intervals.said": ("Validation accuracy in %: {rows}.", "검증 정확도(%): {rows}."),
    "said.interval": ("{name} {mean} from {low} to {high}", "{name} {mean}, 구간 {low}~{high}"),
    "said.mean": ("{name} {mean}", "{name} {mean}"),
    "said.printed": (", deck {printed}", ", 발표 자료 {printed}"),
    "study.curves": ("Learning curves of each arm.", "조건별 학습 곡선입니다."),
    "study.curves.said": (
        "Learning curve of {arm} over {epochs} epochs, at the end: accuracy {train_accuracy} % in training "
        "and {val_accuracy} % in validation; loss {train_loss} in training and {val_loss} in validation.",
        "{arm}의 학습 곡선, {epochs}에폭. 마지막 값: 정확도 학습 {train_accuracy} %, 검증 {val_accuracy} %, "
        "손실 학습 {train_loss}, 검증 {val_loss}.",
    ),
    "study.expected": (
        "What the best of so many trials may be expected to reach, an arm each; the band is a 95 % interval "
        "over trials.",
        "시행 수에 따라 최고 시행에서 기대되는 검증 정확도를 조건별로 그렸습니다. 띠는 시행에 대한 95 % "
        "구간입니다.",
    ),
    "study.expected.said": (
        "{arm}: expected validation accuracy in % by the number of trials: {means}.",
        "{arm}: 시행 수별 기대 검증 정확도(%): {means}.",
    ),
    "gap.study": (
        "No run of this study has finished yet.",
        "이 연구에는 아직 끝난 실행이 없습니다.",
    ),
    "gap.curves": (
        "The values by epoch are not in the store, for: {arms}",
        "에폭별 값이 저장소에 없는 조건: {arms}",
    ),
    "extremes": ("Best and worst arm of each study", "연구별 최고 조건과 최저 조건"),
    "extremes.intro": (
        "By mean validation accuracy. Of each arm the run in the middle of its seeds is shown, on the union "
        "of both halves of test.",
        "검증 정확도 평균이 기준입니다. 조건마다 시드 가운데 중간 성적의 실행을 골라, 시험 자료의 두 부분을 "
        "합친 전체에서 보여 줍니다.",
    ),
    "recall": (
        "Recall by class on test: the share of each true class that was recognised.",
        "시험 자료의 클래스별 재현율, 곧 실제 클래스마다 맞힌 비율입니다.",
    ),
    "recall.said": ("Recall in %: {rows}.", "재현율(%): {rows}."),
    "confusion": (
        "Confusion matrix of {run}: rows are true classes, columns what was answered; counts on the "
        "left, shares of the true class on the right.",
        "{run}의 혼동 행렬입니다. 행은 실제 클래스, 열은 예측한 클래스이며, 왼쪽은 개수, 오른쪽은 "
        "실제 클래스 안의 비율(%)입니다.",
    ),
    "confusion.said": (
        "Confusion matrix of {arm} on test. {rows}.",
        "{arm}의 시험 혼동 행렬. {rows}.",
    ),
    "confusion.row": (
        "{emotion}: {right} % right, most often taken for {other} ({wrong} %)",
        "{emotion}: 정답 {right} %, 가장 많이 혼동한 클래스 {other} ({wrong} %)",
    ),
    "gap.test": (
        "Test has not been opened for {arm}: {command}",
        "{arm}의 시험 자료는 아직 열지 않았습니다: {command}",
    ),
    "gap.study.test": (
        "Test has not been opened for these arms: {command}",
        "이 조건들의 시험 자료는 아직 열지 않았습니다: {command}",
    ),
    "gap.confusion": (
        "The run of {arm} holds no confusion matrix; evaluate it again: {command}",
        "{arm}의 실행에 혼동 행렬이 남아 있지 않습니다. 다시 평가해 주세요: {command}",
    ),
    "weights": ("What the best run looks for", "가장 좋은 실행이 보는 것"),
    "weights.caption": (
        "The {count} units of the first layer with the largest norm, each a weight for every pixel, as a "
        "face: red pixels raise the unit when they are bright, blue ones lower it. Run {run} of study "
        "{study}, with the lowest validation loss, {loss}.",
        "첫 층에서 가중치의 크기(노름)가 가장 큰 유닛 {count}개를 얼굴 모양으로 펼친 그림입니다. 빨간 "
        "픽셀은 밝을수록 유닛 값을 올리고, 파란 픽셀은 내립니다. 검증 손실이 {loss}로 가장 낮은, 연구 "
        "{study}의 실행 {run}입니다.",
    ),
    "weights.said": (
        "{count} pictures of 48 by 48 weights; their norms go from {high} down to {low}.",
        "48x48 가중치 그림 {count}개, 노름은 {high}부터 {low}까지입니다.",
    ),
    "gap.weights": (
        "The weights of the best run, {run}, cannot be read: {reason}",
        "가장 좋은 실행 {run}의 가중치를 읽을 수 없습니다: {reason}",
    ),
    "gallery": ("Faces read right and wrong", "맞힌 얼굴과 틀린 얼굴"),
    "gallery.caption": (
        "Test faces of each true class, drawn at random: read right above, read wrong below. Run {run}.",
        "실제 클래스별로 무작위로 뽑은 시험 얼굴입니다. 위는 맞힌 얼굴, 아래는 틀린 얼굴입니다. 실행 {run}.",
    ),
    "gallery.said": (
        "A grid of test faces with what the run answered; it read {right} % of test right.",
        "시험 얼굴과 예측 결과를 모은 그림. 이 실행은 시험 자료의 {right} %를 맞혔습니다.",
    ),
    "gap.gallery": (
        "The best run, {run}, holds no gallery: {command}",
        "가장 좋은 실행 {run}에 얼굴 그림이 없습니다: {command}",
    ),
    "baselines": ("Baselines", "비교 기준"),
    "baselines.intro": (
        "Simple classifiers, fitted once on all of train, beside the best run of each study by validation "
        "accuracy. Intervals are over test faces.",
        "학습 자료 전체에 한 번 맞춘 단순 분류기를, 연구마다 검증 정확도가 가장 높은 실행과 나란히 "
        "놓았습니다. 구간은 시험 얼굴에 대한 것입니다.",
    ),
    "baselines.table": ("Accuracy on test, part {part}, n = {n}", "시험 정확도, 부분 {part}, n = {n}"),
    "baselines.caption": (
        "Accuracy on test with 95 % intervals, best first.",
        "시험 정확도와 95 % 신뢰 구간, 높은 순서입니다.",
    ),
    "baselines.said": ("Test accuracy in %: {rows}.", "시험 정확도(%): {rows}."),
    "baselines.classifier": ("classifier", "분류기"),
    "baselines.accuracy": ("accuracy in % [95 %]", "정확도(%) [95 %]"),
    "baselines.seconds": ("seconds to fit", "학습 시간(초)"),
    "gap.baselines": (
        "No baseline has been fitted on these faces yet: make baseline ARGS='{data}'",
        "이 얼굴 자료에 맞춘 비교 기준이 아직 없습니다: make baseline ARGS='{data}'",
    ),
    "gap.networks": (
        "Test has not been opened for any network on these faces yet: python evaluate.py study=NAME {data}",
        "이 얼굴 자료에서 시험 자료를 연 신경망이 아직 없습니다: python evaluate.py study=NAME {data}",
    ),
    "audit": ("The audit of the deck's figures", "발표 자료 수치 점검"),
    "audit.intro": (
        "Slips in the deck, each with the sum or the runs that judge it.",
        "발표 자료의 오류와, 이를 판단하는 계산 또는 실행 결과입니다. 설명은 영어로 적혀 있습니다.",
    ),
    "audit.table": ("Findings by arithmetic and by runs", "계산과 실행으로 확인한 점"),
    "audit.row": ("row", "번호"),
    "audit.printed": ("the deck printed", "발표 자료의 표기"),
    "audit.presented": ("as presented, here", "발표대로 했을 때"),
    "audit.corrected": ("corrected, here", "고쳐서 했을 때"),
    "audit.verdict": ("verdict", "판정"),
    "audit.paragraph": ("in words", "설명"),
    "repeat": ("How to repeat this", "다시 해 보기"),
    "repeat.intro": (
        "A job whose settings and faces are in the store already is not trained again. PATH is your copy of "
        "the faces.",
        "설정과 얼굴 자료가 같은 작업이 저장소에 이미 있으면 다시 학습하지 않습니다. PATH에는 가지고 있는 "
        "얼굴 자료의 위치를 적어 주세요.",
    ),
}

EMOTIONS = {
    "angry": "분노",
    "disgust": "혐오",
    "fear": "두려움",
    "happy": "기쁨",
    "sad": "슬픔",
    "surprise": "놀람",
    "neutral": "무표정",
}
